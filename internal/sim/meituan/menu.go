package meituan

import "fmt"

// DefaultMenu is the menu of an invented tea shop: 26 drinks and snacks.
func DefaultMenu() []Food {
	sweet := Property{"甜度", []string{"标准糖", "七分糖", "半糖", "三分糖", "无糖"}}
	cold := Property{"温度", []string{"正常冰", "少冰", "去冰", "常温", "热"}}
	pearl := Property{"加料", []string{"不加料", "珍珠", "椰果", "仙草", "芋圆"}}
	type item struct {
		category, name string
		price          fen // of the middle cup
		large          fen // of the large one, 0 = one size
		grams          int
		options        []Property
	}
	items := []item{
		{"招牌奶茶", "山间鲜奶茶", 1400, 1700, 520, []Property{sweet, cold, pearl}},
		{"招牌奶茶", "黑糖珍珠鲜奶", 1600, 1900, 560, []Property{sweet, cold}},
		{"招牌奶茶", "茉莉奶绿", 1300, 1600, 520, []Property{sweet, cold, pearl}},
		{"招牌奶茶", "桂花乌龙奶茶", 1500, 1800, 520, []Property{sweet, cold, pearl}},
		{"招牌奶茶", "烤奶三兄弟", 1700, 2000, 580, []Property{sweet, cold}},
		{"招牌奶茶", "芋泥波波奶茶", 1800, 2100, 600, []Property{sweet, cold}},
		{"招牌奶茶", "红豆布丁奶茶", 1500, 1800, 580, []Property{sweet, cold}},
		{"鲜果茶", "杨枝甘露", 2000, 2300, 550, []Property{sweet, cold}},
		{"鲜果茶", "满杯百香果", 1500, 1800, 550, []Property{sweet, cold}},
		{"鲜果茶", "暴打柠檬茶", 1300, 1600, 550, []Property{sweet, cold}},
		{"鲜果茶", "葡萄冻冻", 1900, 2200, 560, []Property{sweet, cold}},
		{"鲜果茶", "白桃乌龙", 1700, 2000, 540, []Property{sweet, cold}},
		{"鲜果茶", "西瓜啵啵", 1600, 1900, 600, []Property{sweet, cold}},
		{"鲜果茶", "芒果绿妍", 1800, 2100, 550, []Property{sweet, cold}},
		{"纯茶", "龙井清茶", 900, 1100, 480, []Property{cold}},
		{"纯茶", "四季春", 800, 1000, 480, []Property{sweet, cold}},
		{"纯茶", "凤凰单丛", 1000, 1200, 480, []Property{cold}},
		{"咖啡", "生椰拿铁", 1600, 1900, 450, []Property{sweet, cold}},
		{"咖啡", "美式咖啡", 1100, 1300, 430, []Property{cold}},
		{"咖啡", "桂花拿铁", 1700, 2000, 450, []Property{sweet, cold}},
		{"小食", "现烤蛋挞(2枚)", 1000, 0, 130, nil},
		{"小食", "奶酪包", 1200, 0, 110, nil},
		{"小食", "芋泥盒子", 1500, 0, 180, nil},
		{"小食", "手撕鸡翅(3只)", 1600, 0, 210, []Property{{"口味", []string{"原味", "香辣"}}}},
		{"小食", "红糖糍粑", 1200, 0, 200, nil},
		{"小食", "坚果脆片", 800, 0, 60, nil},
	}
	menu := make([]Food, len(items))
	for i, it := range items {
		code := fmt.Sprintf("T%03d", i+1)
		f := Food{Code: code, Name: it.name, Price: it.price, MinOrder: "1", Unit: "杯", BoxNum: "1", BoxPrice: 100, Category: it.category, Sequence: i + 1, Properties: it.options}
		if it.large == 0 {
			f.Unit = "份"
			f.SKUs = []*SKU{{ID: code, Price: it.price, Stock: unlimited, BoxNum: "1", BoxPrice: 100}}
		} else {
			f.SKUs = []*SKU{
				{ID: code + "-M", Spec: "中杯", Price: it.price, Stock: unlimited, BoxNum: "1", BoxPrice: 100},
				{ID: code + "-L", Spec: "大杯", Price: it.large, Stock: unlimited, BoxNum: "1", BoxPrice: 100},
			}
		}
		f.Grams = it.grams
		menu[i] = f
	}
	return menu
}

// People and places are invented; phone numbers are privacy numbers of one fixed main number.
var (
	surnames  = []string{"王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙", "胡", "朱", "高", "林", "何", "郭", "马", "罗", "欧阳", "司徒"}
	titles    = []string{"(先生)", "(女士)", "(女士)", ""}
	streets   = []string{"柳荫路", "竹影街", "云溪巷", "望潮路", "半山街", "听雨路", "松风巷", "石桥街"}
	compounds = []string{"青禾苑", "晴川府", "软件园", "星河大厦", "海棠公寓", "云栖中心", "时代写字楼", "学府里"}
	cautions  = []string{"", "", "", "", "少冰，谢谢", "放前台就好", "不要吸管", "到了打电话", "多给两张纸巾", "别按门铃，宝宝在睡觉", "请放门口的架子上🙏"}
	reasons   = []string{"送达时间太长", "商品少送", "味道不对", "点错了，不想要了", "杯子漏了", "商品与描述不符"}
)
