package meituan

import (
	"encoding/json"
	"slices"
	"strconv"
)

// Retail and medicine: what differs from dishes. A medicine is a Food whose one specification has no id; its stock,
// price and state stand at the article itself.

// saveSKU is food/sku/save (skus) and retail/sku/save (standard_sku, unstandard_skus): an upsert by sku_id.
func saveSKU(c *call, t *change, st *Store) (any, error) {
	f := st.food(c.p["app_food_code"])
	if f == nil {
		return nil, errNoFood
	}
	var skus []*SKU
	for _, name := range []string{"skus", "unstandard_skus"} {
		if v := c.p[name]; v != "" {
			if json.Unmarshal([]byte(v), &skus) != nil {
				return nil, badFormat(name)
			}
		}
	}
	if v := c.p["standard_sku"]; v != "" {
		k := new(SKU)
		if json.Unmarshal([]byte(v), k) != nil {
			return nil, badFormat("standard_sku")
		}
		skus = append(skus, k)
	}
	if len(skus) == 0 {
		return nil, missing("skus")
	}
	next := *f
	next.SKUs = slices.Clone(f.SKUs)
	for _, k := range skus {
		if i := slices.IndexFunc(next.SKUs, func(x *SKU) bool { return x.ID == k.ID }); i >= 0 {
			k.Off = next.SKUs[i].Off
			next.SKUs[i] = k
		} else {
			next.SKUs = append(next.SKUs, k)
		}
	}
	if err := next.clean(); err != nil {
		return nil, err
	}
	st.upsert(&next, t.now)
	return "ok", nil
}

// recode is food/updateAppFoodCodeByOrigin and, by name and specification, for dishes of the merchant's app.
func recode(byName bool) func(*call, *change, *Store) (any, error) {
	return func(c *call, _ *change, st *Store) (any, error) {
		code, err := c.need("app_food_code")
		if err != nil {
			return nil, err
		}
		if st.food(code) != nil {
			return nil, refusal{804, "已经存在此菜品，不能重复创建"}
		}
		for _, f := range st.Foods {
			if byName && f.Name == c.p["name"] && f.Category == c.p["category_name"] || !byName && f.Code == c.p["app_food_code_origin"] && f.Code != "" {
				f.Code = code
				for _, k := range f.SKUs {
					if to := c.p["sku_id"]; to != "" && (byName && k.Spec == c.p["spec"] || !byName && k.ID == c.p["sku_id_origin"]) {
						k.ID = to
					}
				}
				return "ok", nil
			}
		}
		return nil, errNoFood
	}
}

// retailCategories are headings with a second level below.
func retailCategories(_ *call, st *Store) (any, error) {
	out := []any{}
	for _, c := range st.Categories {
		if c.Parent != "" {
			continue
		}
		children := []any{}
		for _, x := range st.Categories {
			if x.Parent == c.Name {
				children = append(children, map[string]any{"name": x.Name, "sequence": x.Sequence})
			}
		}
		out = append(out, map[string]any{"app_poi_code": st.Code, "name": c.Name, "sequence": c.Sequence, "children": children})
	}
	return out, nil
}

func updateRetailCategory(c *call, t *change, st *Store) (any, error) {
	second := c.p["secondary_category_name"]
	if second == "" {
		return updateCategory(c, t, st)
	}
	parent, err := c.need("category_name")
	if err != nil {
		return nil, err
	}
	has := func(name string) bool {
		return slices.ContainsFunc(st.Categories, func(x Category) bool { return x.Name == name })
	}
	switch {
	case !has(parent):
		return nil, refusal{3014, "分类不存在或重复"}
	case has(second):
		return nil, refusal{3013, "分类已存在"}
	}
	st.category(second, t.now)
	i := len(st.Categories) - 1
	st.Categories[i].Parent = parent
	if n, err := strconv.Atoi(c.p["sequence"]); err == nil {
		st.Categories[i].Sequence = n
	}
	return "ok", nil
}

// Medicine.

var (
	errNoDrugCategory = refusal{3003, "药品分类不存在"}
	errNoDrug         = refusal{3004, "不存在此药品"}
	errNotStandard    = refusal{3007, "标品库没有该药品"}
	errHasDrug        = refusal{3008, "药品已存在"}
)

func drugCategories(_ *call, st *Store) (any, error) {
	out := []any{}
	for _, c := range st.Categories {
		out = append(out, map[string]any{"app_poi_code": st.Code, "code": c.Code, "name": c.Name, "sequence": c.Sequence})
	}
	return out, nil
}

func drugCategory(how string) func(*call, *change, *Store) (any, error) {
	return func(c *call, t *change, st *Store) (any, error) {
		code, err := c.need("category_code")
		if err != nil {
			return nil, err
		}
		i := slices.IndexFunc(st.Categories, func(x Category) bool { return x.Code == code })
		name := c.p["category_name"]
		switch {
		case len(code) > 6:
			return nil, badFormat("category_code")
		case how == "save" && (name == "" || name == code):
			return nil, missing("category_name")
		case how == "save" && i >= 0:
			return nil, refusal{3013, "分类已存在"}
		case how != "save" && i < 0:
			return nil, errNoDrugCategory
		case how == "delete":
			for _, f := range st.Foods {
				if f.Category == st.Categories[i].Name {
					return nil, errState
				}
			}
			st.Categories = slices.Delete(st.Categories, i, i+1)
			return "ok", nil
		case how == "save":
			st.Categories = append(st.Categories, Category{Store: st.Code, Code: code, Name: name, Created: t.now})
			i = len(st.Categories) - 1
		case name != "":
			for _, f := range st.Foods {
				if f.Category == st.Categories[i].Name {
					f.Category = name
				}
			}
			st.Categories[i].Name = name
		}
		if n, err := strconv.Atoi(c.p["sequence"]); err == nil {
			st.Categories[i].Sequence = n
		}
		return "ok", nil
	}
}

// drug lays the fields that are given over a medicine.
func (st *Store) drug(in map[string]text, create bool, t *change) error {
	code := string(in["app_medicine_code"])
	old := st.food(code)
	switch {
	case code == "" || len(code) > 128:
		return missing("app_medicine_code")
	case create && old != nil:
		return errHasDrug
	case create && in["upc"] == "":
		return missing("upc")
	case create && in["upc"] == "0000000000000": // the one number that the simulator's library lacks
		return errNotStandard
	case !create && old == nil:
		return errNoDrug
	}
	f := &Food{Code: code, Unit: "盒", SoldOut: 1, SKUs: []*SKU{{Stock: "0"}}}
	if old != nil {
		copied, sku := *old, *old.SKUs[0]
		copied.SKUs = []*SKU{&sku}
		f = &copied
	} else {
		f.Name = "药品" + string(in["upc"]) // the standard library's
	}
	k := f.SKUs[0]
	for name, v := range in {
		var err error
		switch name {
		case "upc":
			k.UPC = string(v)
		case "medicine_no":
			f.Approval = string(v)
		case "spec":
			k.Spec = string(v)
		case "price":
			if k.Price, err = parseYuan(string(v)); err != nil || k.Price < 0 || k.Price > 3_000_000 {
				return errBadNumbers
			}
			f.Price = k.Price
		case "stock":
			if !validStock(string(v), true) {
				return errBadNumbers
			}
			k.Stock = stock(v)
		case "is_sold_out":
			if f.SoldOut, err = strconv.Atoi(string(v)); err != nil || f.SoldOut > 1 {
				return errBadNumbers
			}
		case "sequence":
			f.Sequence, _ = strconv.Atoi(string(v))
		case "category_name", "category_code":
			i := slices.IndexFunc(st.Categories, func(x Category) bool { return x.Name == string(v) || x.Code == string(v) && x.Code != "" })
			if i < 0 {
				return errNoDrugCategory
			}
			f.Category = st.Categories[i].Name
		}
	}
	st.upsert(f, t.now)
	return nil
}

func saveDrug(create bool) func(*call, *change, *Store) (any, error) {
	return func(c *call, t *change, st *Store) (any, error) {
		in := map[string]text{}
		for k, v := range c.p {
			in[k] = text(v)
		}
		return "ok", st.drug(in, create, t)
	}
}

// drugs works a list; what fails is named in msg and the rest is done. batchupdate ignores codes that it does not know.
func drugs(f func(st *Store, in map[string]text, t *change) error, ignore bool) func(*call, *change, *Store) (any, error) {
	return func(c *call, t *change, st *Store) (any, error) {
		var list []map[string]text
		if json.Unmarshal([]byte(c.p["medicine_data"]), &list) != nil || len(list) == 0 || len(list) > 200 {
			return nil, badFormat("medicine_data")
		}
		problems := []any{}
		for _, in := range list {
			err := f(st, in, t)
			if err == nil || ignore && err == error(errNoDrug) {
				continue
			}
			refused, _ := err.(refusal)
			problems = append(problems, map[string]any{"app_medicine_code": string(in["app_medicine_code"]), "error_msg": refused.msg})
		}
		if len(problems) == 0 {
			return "ok", nil
		}
		if t.s.config.PartialAsText {
			return envelope{"data": "ok", "msg": marshal(problems)}, nil
		}
		return envelope{"data": "ok", "msg": problems}, nil
	}
}

func listDrugs(c *call, st *Store) (any, error) {
	foods, err := c.page(st)
	if err != nil {
		return nil, err
	}
	out := []any{}
	for _, f := range foods {
		k := f.SKUs[0]
		out = append(out, map[string]any{"app_poi_code": st.Code, "app_medicine_code": f.Code, "name": f.Name, "upc": k.UPC, "medicine_no": f.Approval, "spec": k.Spec,
			"price": k.Price, "stock": string(k.Stock), "category_name": f.Category, "is_sold_out": f.SoldOut, "sequence": f.Sequence})
	}
	return envelope{"data": out, "extra_info": map[string]any{"total_count": len(st.Foods)}}, nil
}

func goodsRoutes(routes map[string]endpoint) {
	post := func(f func(*call, *change, *Store) (any, error)) endpoint { return endpoint{"POST", onStore(f)} }
	for _, family := range []string{"food", "retail"} {
		routes[family+"/sku/save"] = post(saveSKU)
	}
	routes["food/updateAppFoodCodeByOrigin"] = post(recode(false))
	routes["food/updateAppFoodCodeByNameAndSpec"] = post(recode(true))
	routes["retailCat/list"] = endpoint{"GET", fromStore(retailCategories)}
	routes["retailCat/update"] = post(updateRetailCategory)
	routes["retailCat/delete"] = post(deleteCategory)
	routes["medicineCat/list"] = endpoint{"GET", fromStore(drugCategories)}
	for _, how := range []string{"save", "update", "delete"} {
		routes["medicineCat/"+how] = post(drugCategory(how))
	}
	update := func(st *Store, in map[string]text, t *change) error { return st.drug(in, false, t) }
	create := func(st *Store, in map[string]text, t *change) error { return st.drug(in, true, t) }
	routes["medicine/list"] = endpoint{"GET", fromStore(listDrugs)}
	routes["medicine/save"], routes["medicine/update"] = post(saveDrug(true)), post(saveDrug(false))
	routes["medicine/batchsave"], routes["medicine/batchupdate"] = post(drugs(create, false)), post(drugs(update, true))
	for _, path := range []string{"medicine/stock", "medicine/price", "medicine/isSoldOut"} {
		routes[path] = post(drugs(update, false))
	}
	routes["medicine/delete"] = post(func(c *call, _ *change, st *Store) (any, error) {
		n := len(st.Foods)
		if st.Foods = slices.DeleteFunc(st.Foods, func(f *Food) bool { return f.Code == c.p["app_medicine_code"] }); len(st.Foods) == n {
			return nil, errNoDrug
		}
		return "ok", nil
	})
}
