package mercadolibre

import "github.com/tongdan/tongdan/channel"

var joining = channel.Joining{
	For:   channel.Text{ZH: "在巴西、墨西哥、阿根廷、智利或哥伦比亚卖货的卖家：每个卖家账号授权一次。", EN: "Sellers in Brazil, Mexico, Argentina, Chile or Colombia: each seller's account is authorised once."},
	Takes: channel.Text{ZH: "创建应用和授权都当场生效。", EN: "Making an application and authorising it take effect at once."},
	Needs: []channel.Text{
		{ZH: "所在国家开发者后台（DevCenter）的应用：Client ID 和 Client Secret", EN: "An application in the developer panel (DevCenter) of your country: Client ID and Client Secret"},
		{ZH: "一个公网能访问的 https 地址；没有也能接，变化会晚到", EN: "An https address that the internet reaches; it works without one, with changes arriving late"},
		{ZH: "卖家账号的主账号登录：协作者（colaborador）不能授权", EN: "The sign-in of the owner of the seller's account: a collaborator cannot authorise"},
	},
	Steps: []channel.Text{
		{ZH: "在 DevCenter 新建应用，复制 Client ID 和 Client Secret；开启了 PKCE 的，在通单的应用里也填 yes。", EN: "Make an application in DevCenter, copy Client ID and Client Secret; where PKCE is switched on, say yes in Tongdan's app as well."},
		{ZH: "把通单给出的授权回跳地址和通知地址填进应用，一字不差。", EN: "Enter the redirect address and the notifications address that Tongdan shows, byte for byte."},
		{ZH: "勾选主题 orders_v2、orders_feedback、shipments、payments。", EN: "Choose the topics orders_v2, orders_feedback, shipments and payments."},
		{ZH: "回到通单点“去授权”，由主账号同意。", EN: "Back in Tongdan press authorise; the owner agrees."},
	},
}
