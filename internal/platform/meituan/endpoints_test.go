package meituan_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/tongdan/tongdan/internal/platform/meituan"
)

var writeEndpoints = flag.Bool("endpoints", false, "write docs/platforms/meituan-endpoints.md anew")

// covers names, for each call and message, the test that fails when it is wrong.
var covers = map[string]string{
	"order/poi_received": "TestConformance", "order/confirm": "TestConformance", "order/cancel": "TestConformance", "order/delivering": "TestConformance", "order/arrived": "TestConformance",
	"order/preparationMealComplete": "TestConformance", "order/refund/agree": "TestConformance", "order/refund/reject": "TestConformance", "order/getPartRefundFoods": "TestConformance",
	"order/applyPartRefund": "TestConformance", "order/refund/issue/appeal": "TestPartnerConformance", "order/getOrderMealStatus": "TestSlowOrdersAreFoundWhateverPagesCountFrom", "order/foodSlow/appeal": "TestPartnerConformance", "ecommerce/order/getOrderRefundDetail": "TestConformance", "order/viewstatus": "TestConformance", "order/getOrderDetail": "TestConformance",
	"order/getOrderDaySeq": "TestConformance", "order/getOrderIdByDaySeq": "TestConformance", "order/remindReply": "TestConformance", "order/logistics/push": "TestMeituansOwnRiderIsSentForAnewAndSentAway",
	"order/logistics/cancel": "TestMeituansOwnRiderIsSentForAnewAndSentAway", "order/logistics/status": "TestConformance", "order/logistics/change/poi_self": "TestConformance",
	"order/zhongbao/shippingFee": "TestACrowdRiderComesAtTheFeeThatWasAgreedToOrLess", "order/zhongbao/dispatch": "TestACrowdRiderComesAtTheFeeThatWasAgreedToOrLess",
	"order/zhongbao/update/tip": "TestACrowdRiderComesAtTheFeeThatWasAgreedToOrLess", "order/getCancelDeliveryReason": "TestConformance", "order/cancelLogisticsByWmOrderId": "TestConformance",
	"ecommerce/order/logistics/sync": "TestConformance", "order/riderPosition": "TestConformance",
	"order/batchPullPhoneNumber": "TestWhilePrivacyNumbersAreDownTheOwnOnesAreRead", "order/getRiderInfoPhoneNumber": "TestWhilePrivacyNumbersAreDownTheOwnOnesAreRead", "food/list": "TestConformance", "food/sku/stock": "TestConformance",
	"poi/comment/app_poi_code": "TestCommentsAreReadToTheLastPageAndRepliedToOnce", "poi/comment/add_reply": "TestCommentsAreReadToTheLastPageAndRepliedToOnce",
	"poi/open": "TestConformance", "poi/close": "TestConformance", "poi/mget": "hub: TestAStoreIsBoundUnderAServiceProviderBesideADirectOne", "poi/getids": "TestHowShopsStandIsReadOnBothPlatforms",
	"poiTag/list": "TestAShopIsMadeAndItsProfileKept",

	"foodCat/list":                        "TestAMenuIsEditedAsWanted",
	"foodCat/update":                      "TestAMenuIsEditedAsWanted",
	"foodCat/delete":                      "TestAMenuIsEditedAsWanted",
	"food/initdata":                       "TestAMenuIsEditedAsWanted",
	"food/batchinitdata":                  "TestAMenuIsEditedAsWanted",
	"food/delete":                         "TestAMenuIsEditedAsWanted",
	"food/batchDelSpu":                    "TestAMenuIsEditedAsWanted",
	"food/sku/save":                       "TestAMenuIsEditedAsWanted",
	"food/sku/delete":                     "TestAMenuIsEditedAsWanted",
	"food/sku/price":                      "TestAMenuIsEditedAsWanted",
	"food/sku/sellStatus":                 "TestAMenuIsEditedAsWanted",
	"food/bind/property":                  "TestAMenuIsEditedAsWanted",
	"food/property/list":                  "TestAMenuIsEditedAsWanted",
	"food/updateAppFoodCodeByOrigin":      "TestAMenuIsEditedAsWanted",
	"food/updateAppFoodCodeByNameAndSpec": "TestADishOfTheMerchantsAppIsBoundByItsName",
	"food/sku/inc_stock":                  "TestStockGoesUpAndDownByAnAmountAndIsNeverBelowNone",
	"food/sku/desc_stock":                 "TestStockGoesUpAndDownByAnAmountAndIsNeverBelowNone",
	"retailCat/list":                      "TestRetailHasTwoLevelsAndSaysWhichItemFailed",
	"retailCat/update":                    "TestRetailHasTwoLevelsAndSaysWhichItemFailed",
	"retailCat/delete":                    "TestRetailHasTwoLevelsAndSaysWhichItemFailed",
	"retail/list":                         "TestRetailHasTwoLevelsAndSaysWhichItemFailed",
	"retail/initdata":                     "TestRetailHasTwoLevelsAndSaysWhichItemFailed",
	"retail/batchinitdata":                "TestRetailHasTwoLevelsAndSaysWhichItemFailed",
	"retail/delete":                       "TestRetailHasTwoLevelsAndSaysWhichItemFailed",
	"retail/sku/save":                     "TestRetailHasTwoLevelsAndSaysWhichItemFailed",
	"retail/sku/delete":                   "TestRetailHasTwoLevelsAndSaysWhichItemFailed",
	"retail/sku/price":                    "TestRetailHasTwoLevelsAndSaysWhichItemFailed",
	"retail/sku/stock":                    "TestRetailHasTwoLevelsAndSaysWhichItemFailed",
	"retail/sku/sellStatus":               "TestRetailHasTwoLevelsAndSaysWhichItemFailed",
	"retail/bind/property":                "TestRetailHasTwoLevelsAndSaysWhichItemFailed",
	"retail/property/list":                "TestRetailHasTwoLevelsAndSaysWhichItemFailed",
	"medicineCat/list":                    "TestMedicinesAreMatchedByTheirNumberAndHaveOneSKU",
	"medicineCat/save":                    "TestMedicinesAreMatchedByTheirNumberAndHaveOneSKU",
	"medicineCat/update":                  "TestMedicinesAreMatchedByTheirNumberAndHaveOneSKU",
	"medicineCat/delete":                  "TestMedicinesAreMatchedByTheirNumberAndHaveOneSKU",
	"medicine/list":                       "TestMedicinesAreMatchedByTheirNumberAndHaveOneSKU",
	"medicine/save":                       "TestMedicinesAreMatchedByTheirNumberAndHaveOneSKU",
	"medicine/batchsave":                  "TestMedicinesAreMatchedByTheirNumberAndHaveOneSKU",
	"medicine/update":                     "TestMedicinesAreMatchedByTheirNumberAndHaveOneSKU",
	"medicine/batchupdate":                "TestMedicinesAreMatchedByTheirNumberAndHaveOneSKU",
	"medicine/delete":                     "TestMedicinesAreMatchedByTheirNumberAndHaveOneSKU",
	"medicine/price":                      "TestMedicinesAreMatchedByTheirNumberAndHaveOneSKU",
	"medicine/stock":                      "TestMedicinesAreMatchedByTheirNumberAndHaveOneSKU",
	"medicine/isSoldOut":                  "TestMedicinesAreMatchedByTheirNumberAndHaveOneSKU",
	"poi/save":                            "TestAShopIsMadeAndItsProfileKept",
	"poi/shippingtime/update":             "TestAShopIsMadeAndItsProfileKept",
	"poi/updatepromoteinfo":               "TestAShopIsMadeAndItsProfileKept",
	"poi/online":                          "TestAShopIsMadeAndItsProfileKept",
	"poi/offline":                         "TestAShopIsMadeAndItsProfileKept",
	"poi/logistics/isDelayPush":           "TestAShopIsMadeAndItsProfileKept",
	"poi/logistics/setDelayPush":          "TestAShopIsMadeAndItsProfileKept",
	"shipping/list":                       "TestDeliveryAreasAreDrawnWhereTheyAreMeant",
	"shipping/save":                       "TestDeliveryAreasAreDrawnWhereTheyAreMeant",
	"shipping/spec/save":                  "TestDeliveryAreasAreDrawnWhereTheyAreMeant",
	"shipping/delete":                     "TestDeliveryAreasAreDrawnWhereTheyAreMeant",
	"image/upload":                        "TestAPictureIsUploadedAndReferredTo",

	"push order/paid": "TestTheDocumentsExamplesTranslateAsReviewed", "push order/confirmed": "TestTheDocumentsExamplesTranslateAsReviewed", "push order/completed": "TestTheDocumentsExamplesTranslateAsReviewed",
	"push order/cancelled": "TestTheDocumentsExamplesTranslateAsReviewed", "push refund/full": "TestTheDocumentsExamplesTranslateAsReviewed", "push refund/part": "TestTheDocumentsExamplesTranslateAsReviewed",
	"push refund/result": "TestTheDocumentsExamplesTranslateAsReviewed", "push delivery/status": "TestTheDocumentsExamplesTranslateAsReviewed", "push delivery/self": "TestTheDocumentsExamplesTranslateAsReviewed",
	"push reminder": "TestTheDocumentsExamplesTranslateAsReviewed", "push store/status": "hub: TestAShopThatRestsInItsHoursIsTold", "push privacy/downgrade": "TestWhilePrivacyNumbersAreDownTheOwnOnesAreRead", "push order/settlement": "TestASettlementSaysWhatWasSettled",
	"push store/binding": "TestAVendorHearsOfBindings", "push store/audit": "TestAVendorHearsOfBindings",

	"tell order/new": "TestPartnerExamplesTranslateAsReviewed", "tell order/confirmed": "TestPartnerConformance", "tell order/finished": "TestPartnerConformance",
	"tell order/cancelled": "TestPartnerExamplesTranslateAsReviewed", "tell refund/full": "TestPartnerExamplesTranslateAsReviewed", "tell refund/part": "TestPartnerExamplesTranslateAsReviewed",
	"tell delivery/status": "TestPartnerExamplesTranslateAsReviewed", "tell reminder": "TestPartnerExamplesTranslateAsReviewed", "tell store/status": "TestPartnerExamplesTranslateAsReviewed",
	"tell bill": "TestWhatIsKeptAndSaysNothing", "tell privacy/downgrade": "TestWhilePrivacyNumbersAreDownTheOwnOnesAreRead", "tell store/bound": "TestABindingGivesAGrantAndKeepsNoTokenInTheJournal",
	"tell store/unbound": "TestABindingGivesAGrantAndKeepsNoTokenInTheJournal",
}

// partnerOnly are the calls that the direct platform has not.
var partnerOnly = map[string]bool{"order/refund/issue/appeal": true, "order/getOrderMealStatus": true, "order/foodSlow/appeal": true}

// unconnected are the calls of the documents that nothing here makes, by family.
var unconnected = []struct{ family, paths string }{
	{"stores", "poi/additional/save and poi/sendtime/save (nothing reads them back), comment/query (poi/comment/app_poi_code says as much), comment/score (averages, which no screen shows), ecommerce/poi/bound/list (poi/getids says as much)"},
	{"areas", "shipping/fetch (shipping/list says as much), shipping/corporate/* (企客: another contract)"},
	{"dishes", "food/save and food/get (food/initdata and food/list do as much)"},
	{"retail, medicine", "retail/get (retail/list says as much), retail/batchinitdatabyupc, retail/getSpTagIds, retail/audit/status (their answers are not published)"},
	{"left out on purpose", "food/batchsave, shipping/batchsave, shipping/resetSelfDeliveryArea: they delete whatever they do not name, also what somebody added a second ago; what is to go is deleted by its name, after somebody agreed to the plan"},
	{"orders", "order/getPreparationMealTime and order/subsidy (nothing here needs them), order/getActDetailByAcId (the order carries its discounts with their words), order/*Compensation* (who pays and which states there are is not published), order/batchFetchAbnormalOrder (its types are not published; what was not pushed is found by the numbers of the day), order/common/kc/report, ecommerce/order/reviewAfterSales and wm/bill/* (their fields are not published)"},
	{"delivery", "order/thirdLogistics/* (聚合配送: riders that Meituan brokers; what they cost and how they are paid is not published, and Dada is called directly), ecommerce/order/logistics/btoc/sync (parcels of other lines of business)"},
	{"activities", "act/*"},
	{"service providers only", "/waimai/order/queryByEpoids (an older way to pull, not in Meituan's newest kit), /waimai/ng/order/eta/modify/* (the customer's wish for another time: not yet; what tells of it is not published), getDeliveryPath, getRealRecipientAddress and getOrderRecipientPrivacyInfo (each asks for a reason and is for single cases; the order carries what a rider needs), reportMetrics (tells Meituan that a ticket was printed), /wmoper/* (another licence: 外卖运营服务商)"},
}

// The page says what is connected and what would fail if it broke; a call that nobody has listed, a message
// without a line and a test that does not exist fail here.
func TestTheEndpointsPageIsFresh(t *testing.T) {
	used := map[string]bool{}
	for _, p := range meituan.Phrased() {
		used[p] = true
	}
	tests := map[string]bool{}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	call, test := regexp.MustCompile(`(?:call\{path: |, a, |resType\+"\d", )?"((?:order|ecommerce|food|foodCat|retail|retailCat|medicine|medicineCat|poi|shipping|image)/[A-Za-z_/]+)"`), regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	callbacks := map[string]bool{}
	direct, partner := meituan.Pushed()
	for _, p := range slices.Concat(direct, partner) {
		callbacks[p[0]] = true
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range test.FindAllSubmatch(b, -1) {
			tests[string(m[1])] = true
		}
		if strings.HasSuffix(f, "_test.go") {
			continue
		}
		for _, m := range call.FindAllSubmatch(b, -1) {
			if p := string(m[1]); !callbacks[p] {
				used[p] = true
			}
		}
	}
	var b strings.Builder
	b.WriteString("# Meituan's endpoints and messages\n\n<!-- Written by `make generate` from package meituan. Do not edit. -->\n\nWhat Tongdan calls and receives, and the test that fails when it is wrong. `–` is said plainly: no test of its own. Tests without a package are in\n`internal/platform/meituan`; each is run against the simulator of that platform, the contract (`TestConformance`, `TestPartnerConformance`) over every act.\n\n" +
		"## Calls\n\n| direct platform | service providers | test |\n| --- | --- | --- |\n")
	bare := 0
	line := func(key, shown, cover string) {
		if cover == "" {
			bare++
			cover = "–"
		} else if !strings.Contains(cover, ": ") && !tests[cover] {
			t.Errorf("%s: there is no %s", key, cover)
		}
		fmt.Fprintf(&b, "| %s | %s |\n", shown, cover)
	}
	var list []string
	for p := range used {
		list = append(list, p)
	}
	slices.Sort(list)
	for _, p := range list {
		cover, ok := covers[p]
		if !ok {
			t.Errorf("%s is called and has no line in covers", p)
		}
		other := "–"
		if q := meituan.Phrase(p); q != "" {
			other = "`" + q + "`"
		}
		shown := "`" + p + "`"
		if partnerOnly[p] {
			shown = "–"
		}
		line(p, shown+" | "+other, cover)
	}
	for _, x := range []struct {
		title, prefix string
		list          [][2]string
	}{{"Messages of the direct platform", "push ", direct}, {"Messages of the service providers' platform", "tell ", partner}} {
		fmt.Fprintf(&b, "\n## %s\n\n| path | what | test |\n| --- | --- | --- |\n", x.title)
		for _, p := range x.list {
			cover, ok := covers[x.prefix+p[0]]
			if !ok {
				t.Errorf("the message %s has no line in covers", x.prefix+p[0])
			}
			line(x.prefix+p[0], "`"+p[0]+"` | "+p[1], cover)
		}
	}
	b.WriteString("\n## Authorisation\n\n| path | test |\n| --- | --- |\n")
	for _, o := range [][2]string{
		{"`oauth/authorize`, `oauth/token` (vendors' apps of the direct platform)", "TestAVendorsAppGetsAndRenewsItsStoresToken"},
		{"`/oauth/token`, `/oauth/refresh` (service providers)", "TestAStoreIsAuthorisedByACodeAndItsTokenRenewed"},
	} {
		line(o[0], o[0], o[1])
	}
	b.WriteString("\n## In the documents and not connected\n\n| family | calls |\n| --- | --- |\n")
	for _, u := range unconnected {
		fmt.Fprintf(&b, "| %s | %s |\n", u.family, u.paths)
	}
	const path = "../../../docs/platforms/meituan-endpoints.md"
	if *writeEndpoints {
		if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(path)
	if err != nil || string(have) != b.String() {
		t.Fatalf("%s is not what the code says: run make generate (%v)", path, err)
	}
	if len(list) < 30 || bare > 0 {
		t.Errorf("%d calls, %d lines without a test", len(list), bare)
	}
}
