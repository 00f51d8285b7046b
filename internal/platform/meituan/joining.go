package meituan

import "github.com/tongdan/tongdan/channel"

// uses says of each message what it is for here, whether a shop should not go live without it, and whether it comes so
// seldom that its absence says nothing.
var uses = map[string]channel.Callback{
	"order/paid":        {Use: channel.Text{ZH: "新订单靠它在一秒内到；没有它，最多晚 1 分钟", EN: "New orders within a second; without it up to a minute late"}, Must: true},
	"order/confirmed":   {Use: channel.Text{ZH: "在商家版 App 里接的单，在这里也变为已接单", EN: "Orders accepted in Meituan's own app become accepted here"}},
	"order/completed":   {Use: channel.Text{ZH: "订单结束，算进当日账", EN: "The order ends, and counts in the day's books"}},
	"order/cancelled":   {Use: channel.Text{ZH: "取消马上停做停送；取消原因只有推送里有", EN: "Kitchen and rider stop at once; why it was cancelled stands in this message alone"}, Must: true},
	"refund/full":       {Use: channel.Text{ZH: "退款申请进待处理，30 分钟内必须答复", EN: "Refund requests reach the inbox: they must be answered within 30 minutes"}, Must: true},
	"refund/part":       {Use: channel.Text{ZH: "部分退款申请进待处理", EN: "Requests for a part reach the inbox"}, Must: true},
	"refund/result":     {Use: channel.Text{ZH: "退款打款结果，读接口不提供", EN: "Whether the money has moved: no read tells it"}, Rare: true},
	"delivery/status":   {Use: channel.Text{ZH: "骑手接单、到店、取餐、送达", EN: "The rider takes it, arrives, collects, delivers"}, Must: true},
	"delivery/self":     {Use: channel.Text{ZH: "自配送门店的配送状态", EN: "Deliveries of stores that deliver themselves"}, Rare: true},
	"reminder":          {Use: channel.Text{ZH: "催单提醒，读接口不提供", EN: "Customers' reminders: no read tells them"}, Rare: true},
	pathStatus:          {Use: channel.Text{ZH: "门店被置休、被下线时马上告警", EN: "A store that is put to rest or offline is told at once"}, Rare: true},
	"privacy/downgrade": {Use: channel.Text{ZH: "隐私号故障时改用真实号码", EN: "Privacy numbers that fail are replaced by real ones"}, Rare: true},
	"order/settlement":  {Use: channel.Text{ZH: "每单结算金额，用于对账", EN: "What each order settles at, for the books"}, Rare: true},
	pathBinding:         {Use: channel.Text{ZH: "服务商应用：门店绑定后马上取令牌，解绑后马上告警", EN: "A vendor's app: the token is fetched once a store is bound, and its end is told at once"}, Rare: true},
	pathAudit:           {Use: channel.Text{ZH: "门店审核结果，保存备查", EN: "What became of a store's check: kept to be looked up"}, Rare: true},
	"order/new":         {Use: channel.Text{ZH: "新订单靠它在一秒内到；没有它，最多晚 1 分钟", EN: "New orders within a second; without it up to a minute late"}, Must: true},
	"order/finished":    {Use: channel.Text{ZH: "订单结束，算进当日账", EN: "The order ends, and counts in the day's books"}},
	"bill":              {Use: channel.Text{ZH: "对账单，保存但不读取", EN: "Statements: kept, and not read"}, Rare: true},
	pathBound:           {Use: channel.Text{ZH: "门店授权的令牌从这里来，没有它无法授权", EN: "The store's token comes here: without it nothing can be authorised"}, Rare: true},
	pathUnbound:         {Use: channel.Text{ZH: "门店解绑时马上提示重新授权", EN: "A store that was unbound is told at once"}, Rare: true},
}

// callbackOf is a message as Info declares it.
func callbackOf(path string, what channel.Text) channel.Callback {
	c := uses[path]
	c.Path, c.What = path, what
	return c
}

// takes: how long Meituan looks at an application is not published.
var takes = channel.Text{ZH: "美团没有公布审核应用和订阅的时限，请按天安排，不要按小时；授权和绑定当场生效。", EN: "Meituan publishes no time for its review of an app and its subscriptions: plan days, not hours. Authorising and binding take effect at once."}

var joining = channel.Joining{
	For:   channel.Text{ZH: "有自己的应用（app_id）的商家或连锁：门店直接绑在这个应用下。", EN: "A merchant or chain with an app of its own (app_id): the stores are bound to that app."},
	Takes: takes,
	Needs: []channel.Text{
		{ZH: "美团开放平台（开发者中心）的账号，里面的 app_id 和 consumer_secret", EN: "An account at Meituan's open platform (开发者中心) with app_id and consumer_secret"},
		{ZH: "一个公网能访问的地址，端口 80 或 8080；没有也能接，新订单会晚到", EN: "An address that the internet reaches, on port 80 or 8080; it works without one, with orders arriving late"},
		{ZH: "各门店的 app_poi_code 已绑到应用下", EN: "The stores' app_poi_codes bound to the app"},
	},
	Steps: []channel.Text{
		{ZH: "登录开发者中心，打开应用详情，复制 app_id 和 consumer_secret。", EN: "Sign in to the developer console, open the app, copy app_id and consumer_secret."},
		{ZH: "在“推送地址”里逐条填入下面的回调地址，必须一字不差：美团对整条地址签名。", EN: "Enter each callback address below exactly as shown: Meituan signs the whole address."},
		{ZH: "在“基础设置 → 订单订阅字段”勾选 12、13、15、19 或 38、20、22、23、28、29、35。", EN: "Under 基础设置 → 订单订阅字段 choose 12, 13, 15, 19 or 38, 20, 22, 23, 28, 29, 35."},
		{ZH: "把门店绑到应用，每家的 app_poi_code 由你定。", EN: "Bind the stores to the app; each app_poi_code is of your choice."},
		{ZH: "服务商应用（ISV）：应用类型填 isv，每家门店单独建一个账号，填它的 app_poi_code；令牌自动获取和续期。", EN: "A vendor's app (ISV): say isv as the kind of app and make an account for each store with its app_poi_code; its token is fetched and renewed by itself."},
	},
}

var partnerJoining = channel.Joining{
	For:   channel.Text{ZH: "通过软件服务商接入：服务商有开发者账号，每家门店由商家授权给它。新开的餐饮门店大多走这条路。", EN: "Through a software vendor: the vendor has a developer account, and each merchant authorises his stores to it. Most new restaurants take this way."},
	Takes: takes,
	Needs: []channel.Text{
		{ZH: "developer.meituan.com 的开发者账号，里面的 developerId 和 signKey", EN: "A developer account at developer.meituan.com with developerId and signKey"},
		{ZH: "一个公网能访问的地址，端口 80 或 8080：授权令牌推送到这里", EN: "An address that the internet reaches, on port 80 or 8080: the tokens are pushed to it"},
		{ZH: "每家门店在美团商家端的登录账号（授权时由商家登录）", EN: "The merchant's own sign-in at Meituan for each store, for authorising"},
	},
	Steps: []channel.Text{
		{ZH: "登录 developer.meituan.com，复制 developerId 和 signKey。", EN: "Sign in to developer.meituan.com, copy developerId and signKey."},
		{ZH: "填入下面的回调地址，先填门店绑定、门店解绑和心跳：美团验收先看这几个。", EN: "Enter the callback addresses below, first those of binding, unbinding and the heartbeat: Meituan's acceptance looks at them."},
		{ZH: "在通单选好是哪家门店，点“去授权”；商家登录美团，选中门店，令牌随即推送回来。", EN: "Choose the store in Tongdan and press authorise; the merchant signs in at Meituan and chooses the store, and the token is pushed back."},
	},
}
