package ticket

import "strings"

// words are what stands on a ticket beside what the order says.
type words map[string]string

func wordsOf(locale string) words {
	switch {
	case strings.HasPrefix(locale, "en"):
		return english
	case strings.HasPrefix(locale, "es"):
		return spanish
	case strings.HasPrefix(locale, "pt"):
		return portuguese
	}
	return chinese
}

// Locales are those in which tickets can be printed.
var Locales = []string{"zh-CN", "en", "es", "pt-BR"}

var chinese = words{
	"kitchen": "后厨单", "shop": "", "cancel": "取消单", "stop": "停止制作", "change": "变更单", "test": "测试页",
	"copy": "补打", "times": "第{n}次", "maybe": "可能已打印过，请核对", "instead": "代打：{p}",
	"now": "立即送达", "at": "预订 {t} 送达", "pickup": "到店自取", "pickup_at": "自取 {t}", "table": "桌号 {t}", "begin": "{t} 开始制作", "ready": "最晚出餐 {t}",
	"placed": "下单 {t}", "printed": "打印 {t}", "pocket": "{i}号口袋（共{n}袋）", "pieces": "共 {n} 件",
	"remark": "顾客备注", "note": "商家备注", "refunded": "已退 {n}", "why": "原因", "by": "取消方",
	"goods": "商品", "packing": "餐盒费", "delivery": "配送费", "tip": "小费", "tax": "税费", "total": "实付", "refund": "已退款", "due": "应收",
	"invoice": "发票抬头", "tax_id": "税号", "customer": "顾客", "phone": "电话", "extension": "转", "address": "地址", "order": "订单号",
	"reminder": "顾客催单", "nth": "第 {n} 次", "refund_part": "部分退款", "take_off": "退", "keep": "还要做", "all_off": "已全部退掉",
	"ok": "打印正常", "columns": "{n} 列", "long": "很长的菜名会自动换行，数量和价格留在第一行", "chinese": "中文 龘镕 ①②③ ￥×…",
}

var english = words{
	"kitchen": "Kitchen", "shop": "", "cancel": "CANCELLED", "stop": "Stop making it", "change": "CHANGE", "test": "Test page",
	"copy": "COPY", "times": "no. {n}", "maybe": "May have been printed before", "instead": "For {p}",
	"now": "As soon as possible", "at": "For {t}", "pickup": "Pickup", "pickup_at": "Pickup {t}", "table": "Table {t}", "begin": "Begin {t}", "ready": "Ready by {t}",
	"placed": "Placed {t}", "printed": "Printed {t}", "pocket": "Bag {i} of {n}", "pieces": "{n} pieces",
	"remark": "Customer's note", "note": "Shop's note", "refunded": "{n} refunded", "why": "Why", "by": "By",
	"goods": "Goods", "packing": "Packing", "delivery": "Delivery", "tip": "Tip", "tax": "Tax", "total": "Total", "refund": "Refunded", "due": "To collect",
	"invoice": "Invoice to", "tax_id": "Tax id", "customer": "Customer", "phone": "Phone", "extension": "ext.", "address": "Address", "order": "Order",
	"reminder": "Customer reminds", "nth": "no. {n}", "refund_part": "Refund of a part", "take_off": "Take off", "keep": "Still to make", "all_off": "Nothing is left of it",
	"ok": "Printing works", "columns": "{n} columns", "long": "A long name goes on in the next line, quantity and price stay in the first", "chinese": "中文 ￥×…",
}

var spanish = words{
	"kitchen": "Cocina", "shop": "", "cancel": "CANCELADO", "stop": "No prepararlo", "change": "CAMBIO", "test": "Pagina de prueba",
	"copy": "COPIA", "times": "n. {n}", "maybe": "Puede haberse impreso antes", "instead": "En lugar de {p}",
	"now": "Cuanto antes", "at": "Para {t}", "pickup": "Retiro", "pickup_at": "Retiro {t}", "table": "Mesa {t}", "begin": "Empezar {t}", "ready": "Listo a las {t}",
	"placed": "Hecho {t}", "printed": "Impreso {t}", "pocket": "Bolsa {i} de {n}", "pieces": "{n} piezas",
	"remark": "Nota del cliente", "note": "Nota de la tienda", "refunded": "{n} devuelto", "why": "Motivo", "by": "Por",
	"goods": "Productos", "packing": "Empaque", "delivery": "Envio", "tip": "Propina", "tax": "Impuesto", "total": "Total", "refund": "Devuelto", "due": "Por cobrar",
	"invoice": "Factura a", "tax_id": "Id fiscal", "customer": "Cliente", "phone": "Tel.", "extension": "ext.", "address": "Direccion", "order": "Pedido",
	"reminder": "El cliente reclama", "nth": "n. {n}", "refund_part": "Devolucion parcial", "take_off": "Quitar", "keep": "Queda por hacer", "all_off": "No queda nada",
	"ok": "La impresion funciona", "columns": "{n} columnas", "long": "Un nombre largo sigue en otra linea; cantidad y precio quedan en la primera", "chinese": "中文 ￥×…",
}

var portuguese = words{
	"kitchen": "Cozinha", "shop": "", "cancel": "CANCELADO", "stop": "Nao preparar", "change": "MUDANCA", "test": "Pagina de teste",
	"copy": "COPIA", "times": "n. {n}", "maybe": "Pode ja ter sido impresso", "instead": "No lugar de {p}",
	"now": "O quanto antes", "at": "Para {t}", "pickup": "Retirada", "pickup_at": "Retirada {t}", "table": "Mesa {t}", "begin": "Comecar {t}", "ready": "Pronto ate {t}",
	"placed": "Feito {t}", "printed": "Impresso {t}", "pocket": "Sacola {i} de {n}", "pieces": "{n} itens",
	"remark": "Nota do cliente", "note": "Nota da loja", "refunded": "{n} reembolsado", "why": "Motivo", "by": "Por",
	"goods": "Produtos", "packing": "Embalagem", "delivery": "Entrega", "tip": "Gorjeta", "tax": "Imposto", "total": "Total", "refund": "Reembolsado", "due": "A receber",
	"invoice": "Nota fiscal", "tax_id": "CPF/CNPJ", "customer": "Cliente", "phone": "Tel.", "extension": "ramal", "address": "Endereco", "order": "Pedido",
	"reminder": "O cliente cobra", "nth": "n. {n}", "refund_part": "Reembolso parcial", "take_off": "Tirar", "keep": "Falta fazer", "all_off": "Nao sobra nada",
	"ok": "A impressao funciona", "columns": "{n} colunas", "long": "Um nome longo continua na linha seguinte; quantidade e preco ficam na primeira", "chinese": "中文 ￥×…",
}

// fill puts values into a word's places: pairs of name and value.
func (w words) fill(name string, pairs ...string) string {
	s := w[name]
	for i := 0; i+1 < len(pairs); i += 2 {
		s = strings.ReplaceAll(s, "{"+pairs[i]+"}", pairs[i+1])
	}
	return s
}
