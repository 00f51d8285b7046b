package api

import (
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/role"
)

// rights says for each operation which right it takes: guard asks before the input is
// even read. On which stores is decided by the scope, which every query and verb takes
// with it. An operation that is not here is refused to everybody, and a test names it.
//
// What cannot be told from the operation alone is asked again where it is known: an act's
// own right in hub.Act, that of the act behind an effect in hub.Again and hub.Withdraw.
var rights = map[string]role.Right{
	"signIn": nobody, "signOut": nobody, "setUp": nobody, "lookAtInvitation": nobody, "join": nobody,
	"whoAmI": anybody, "getMyMerchant": anybody, "changeMyMerchant": role.Connect,
	"beginPasskeySignIn": nobody, "signInWithPasskey": nobody,
	"listMyPasskeys": anybody, "beginPasskey": anybody, "addPasskey": anybody, "removeMyPasskey": anybody,
	"beginPairing": nobody, "lookAtPairing": nobody, "pairingCode": nobody,
	"listDevices": role.KeepDevices, "pairDevice": role.KeepDevices, "changeDevice": role.KeepDevices, "revokeDevice": role.KeepDevices,
	"listVoices": role.See, "speak": role.See, "letAllSpeak": role.See,
	"listOpenings": role.See, "noteOpening": role.See,
	"listPrinterKinds": role.KeepPrinters, "listPrinters": role.See, "makePrinter": role.KeepPrinters, "changePrinter": role.KeepPrinters, "deletePrinter": role.KeepPrinters,
	"listRules": role.See, "setRule": role.KeepRules, "tryRule": role.KeepRules,
	"testPrinter": role.KeepPrinters, "emptyPrinter": role.KeepPrinters, "listTickets": role.See, "printTickets": role.PrintTickets, "printLabels": role.PrintLabels, "getLabels": role.PrintLabels, "retryLabels": role.PrintLabels, "getLabelDocument": role.PrintLabels, "printLabelsAgain": role.PrintLabels, "listOrderLabels": role.See, "nextTicket": role.CarryTickets, "endTicket": role.CarryTickets,
	"listHandovers": role.ActOn("dispatch"),
	"listSoldOut":   role.See, "sellOut": role.SellOut,
	"listIntakes": role.See, "restShops": role.RestStore, "getIntake": role.See, "restStore": role.RestStore, "setKitchen": role.KeepKitchen,
	"getFront": role.KeepFronts, "planFront": role.KeepFronts, "editFront": role.KeepFronts, "listEdits": role.KeepFronts, "getEdit": role.KeepFronts, "addPicture": role.KeepFronts,
	"getDevice": anybody, "unlockDevice": anybody, "lockDevice": anybody,
	"listPINs": role.KeepDevices, "givePIN": role.KeepDevices, "takePIN": role.KeepDevices, "getMyPIN": anybody, "setMyPIN": anybody,
	"signInWays": nobody, "askSignInCode": nobody, "signInByPhone": nobody, "openKnock": nobody,
	"listMySessions": anybody, "endMySession": anybody, "endMyOtherSessions": anybody, "changeMyPassword": anybody,
	"getMyPreferences": anybody, "setMyPreference": anybody, "shareView": role.ShareViews, "unshareView": role.ShareViews,

	"listOrders": role.See, "getOrder": role.See, "whoseOrder": role.See, "listJournal": role.See, "uncoverCustomer": role.See, "listEvidence": role.See, "getEvidence": role.See, "addEvidence": role.ActOn("note"), "dropEvidence": role.See, "countOrders": role.See,
	"enterOrder": role.EnterOrders, "takeBackOrder": role.EnterOrders, "changeEntry": role.EnterOrders, "undoEntryChange": role.EnterOrders, "listGoods": role.EnterOrders,
	"act": role.See, "setMaking": role.See, "getRadar": role.See, "getLostRefunds": role.See, "listComments": role.See, "replyComment": role.ReplyComments, "listReplyTemplates": role.See, "setReplyTemplates": role.ReplyComments, "quoteRider": role.ActOn("call_rider"), "makeBatch": role.See, "getBatch": role.See, "retryBatch": role.See,
	"listChanges": role.See, "stream": role.See, "getBoard": role.See, "listMessages": role.See, "takeMessage": role.See,
	"listEffects": role.See, "resolveEffect": role.DecideEffects, "retryEffect": role.RepeatEffects,
	"listParked": role.SeeParked, "getParked": role.SeeParked, "retryParked": role.HandleParked, "dropParked": role.HandleParked,

	"listRideOffers": role.ActOn("dispatch"), "makeRide": role.ActOn("dispatch"), "endRide": role.ActOn("dispatch"), "tipRide": role.ActOn("tip"), "stepRide": role.ActOn("dispatch"), "blameDelivery": role.ActOn("refund_refuse"),
	"listRiders": role.See, "makeRider": role.KeepRiders, "changeRider": role.KeepRiders, "makeRiderLink": role.ActOn("dispatch"),
	"listCourierKinds": role.See, "listCouriers": role.See, "makeCourier": role.KeepCouriers, "changeCourier": role.KeepCouriers,

	"listBills": role.SeeMoney, "readBill": role.KeepMoney, "dropBill": role.KeepMoney, "getMoney": role.SeeMoney, "listBillOrders": role.SeeMoney, "exportMoney": role.SeeMoney,

	"listChannels": role.See, "listStores": role.See, "listShops": role.See, "listApps": role.SeeWhole, "listAccounts": role.SeeWhole,
	"makeStore": role.Connect, "changeStore": role.Connect, "deleteStore": role.Connect,
	"makeApp": role.Connect, "changeApp": role.Connect, "deleteApp": role.Connect,
	"makeAccount": role.Connect, "changeAccount": role.Connect, "deleteAccount": role.Connect, "authoriseAccount": role.Connect,
	"makeShop": role.Connect, "changeShop": role.Connect, "setModes": role.Connect, "getGuide": role.SeeWhole, "testAccount": role.Connect, "findShops": role.Connect, "bindShops": role.Connect, "waiveItem": role.Connect, "authorisePicture": role.Connect, "deleteShop": role.Connect,

	"listSKUs": role.See, "listStock": role.See, "listMovements": role.See, "listOversold": role.See, "listOffers": role.See,
	"makeSKU": role.KeepCatalog, "changeSKU": role.KeepCatalog, "bindOffer": role.KeepCatalog, "unbindOffer": role.KeepCatalog,
	"bookStock": role.BookStock,

	"getStatus": role.See, "getHealth": role.SeeWhole, "arm": role.Arm,
	"listStatements": role.SeeStatements, "makeStatement": role.MakeStatement, "getAudit": role.SeeWhole, "listSetUpLines": role.SeeSetUp,

	"getPractice": anybody, "enterPractice": anybody, "practiseAsGuest": nobody, "restartPractice": anybody,
	"listSenderKinds": role.KeepKnocks, "listSenders": role.KeepKnocks, "makeSender": role.KeepSenders, "changeSender": role.KeepSenders, "deleteSender": role.KeepSenders, "testSender": role.KeepSenders,
	"listKnockRules": role.KeepKnocks, "setKnockRules": role.KeepKnocks, "listKnocks": role.KeepKnocks,

	"listKeys": role.KeepKeys, "makeKey": role.KeepKeys, "deleteKey": role.KeepKeys,
	"listPeople": role.KeepPeople, "invitePerson": role.KeepPeople, "changePerson": role.KeepPeople,
	"makeSignInLink": role.KeepPeople, "endPersonSessions": role.KeepPeople, "setPersonPhone": role.KeepPeople,
}

const (
	nobody  role.Right = "-" // nobody need be signed in
	anybody role.Right = "*" // whoever is signed in, for himself
)

// permit says whether a caller may use an operation.
func permit(c caller, operation string) error {
	const op = "api.permit"
	right, ok := rights[operation]
	if ok && right == anybody {
		return nil
	}
	if !ok || right == nobody {
		return fault.Say(op, fault.Forbidden, "role_nobody", "nobody may do that")
	}
	return c.May(op, right)
}
