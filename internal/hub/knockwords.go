package hub

import (
	"cmp"
	"strconv"
	"strings"
	"time"

	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/sender"
)

// knockWords are what a knock says, by language: with {n} minutes, {left} as 3:00, {at}
// of the stores and {of} all of them.
var knockWords = map[string]map[string]string{
	"zh-CN": {
		ConcernSlow: "被平台判定出餐慢，可以申诉",
		"number":    "【{channel} {no}】", "channel": "【{channel}】", ConcernUnaccepted: "{n} 分钟未接", ConcernLate: "超时 {n} 分钟未出餐", ConcernRider: "骑手已等 {n} 分钟", ConcernRefund: "申请退款", ConcernLost: "超时未答，平台已自动退款",
		ConcernReminder: "顾客催单，已 {n} 分钟", ConcernProblem: "配送异常，已 {n} 分钟", ConcernStuck + "_sought": "{n} 分钟没有骑手接单", ConcernStuck + "_assigned": "骑手接单 {n} 分钟还没到店", ConcernStuck + "_at_store": "{n} 分钟还没取餐", ConcernStuck + "_on_the_way": "取餐 {n} 分钟还没送到", ConcernStuck + "_none": "{n} 分钟没有配送消息", ConcernStuck + "_silent": "配送方 {n} 分钟没有回应", ConcernUnclear: "结果未知，请核对", ConcernPrinter: "打印机 {name}：{tickets} 张未打印", ConcernPrinter + "_instead": "打印机 {name} 打不出：已改由 {on} 打印", ConcernFull: "后厨将满", ConcernRule: "自动接单已暂停：打印机和后厨屏都不在线", "rule_day_count": "自动退款今日次数已用完，请人工处理", "rule_day_sum": "自动加价今日金额已用完", "rule_no_way": "没有可换的配送方，请人工处理，已 {n} 分钟", ConcernRefused: "估清或暂停接单没有被接受", ConcernAuthorise: "授权失效", ConcernOutage: "接口异常", ConcernComment: "收到差评", ConcernResting: "到营业时间未营业", ConcernPenalty: "接近平台处罚线", ConcernSilent: "门店设备 {n} 分钟没有联系", "no_pull": "收不到消息",
		"reach": "{at}/{of} 家门店", "left": "剩 {left}", "over": "已超时", "soon": "请尽快处理", "one": "通单：1 件事等人处理", "many": "通单：{n} 件事等人处理", "more": "另有 {n} 件", "open": "打开处理", "again": "（补发）",
		"test": "通单：测试消息，收到就好", ",": "，",
	},
	"en": {
		ConcernSlow: "the platform holds it slow: it can be appealed against",
		"number":    "[{channel} {no}] ", "channel": "[{channel}] ", ConcernUnaccepted: "not accepted for {n} min", ConcernLate: "{n} min late in the kitchen", ConcernRider: "rider waiting for {n} min", ConcernRefund: "refund asked for", ConcernLost: "the platform refunded it: nobody answered in time",
		ConcernReminder: "customer is asking, {n} min ago", ConcernProblem: "delivery trouble for {n} min", ConcernStuck + "_sought": "no rider has taken it for {n} min", ConcernStuck + "_assigned": "taken {n} min ago, the rider is not here", ConcernStuck + "_at_store": "not picked up for {n} min", ConcernStuck + "_on_the_way": "picked up {n} min ago and not delivered", ConcernStuck + "_none": "nothing heard of a rider for {n} min", ConcernStuck + "_silent": "who delivers it has not answered for {n} min", ConcernUnclear: "outcome unknown, please check", ConcernPrinter: "printer {name}: {tickets} tickets wait", ConcernPrinter + "_instead": "printer {name} cannot print: {on} prints instead", ConcernFull: "the kitchen is nearly full", ConcernRule: "automatic accepting has paused: neither a printer nor a kitchen screen works", "rule_day_count": "automatic refunds are used up for today, please answer", "rule_day_sum": "automatic tips are used up for today", "rule_no_way": "nobody else can bring it, for {n} min", ConcernRefused: "sold out or a rest was not taken", ConcernAuthorise: "authorisation has ended", ConcernOutage: "the platform does not answer", ConcernComment: "a bad comment", ConcernResting: "rests in its opening hours", ConcernPenalty: "near a penalty of the platform", ConcernSilent: "no screen of the store heard for {n} min", "no_pull": "no messages come",
		"reach": "{at} of {of} stores", "left": "{left} left", "over": "time is up", "soon": "please see to it", "one": "Tongdan: 1 thing waits for somebody", "many": "Tongdan: {n} things wait for somebody", "more": "{n} more", "open": "Open", "again": " (sent again)",
		"test": "Tongdan: a test, nothing to do", ",": ", ",
	},
	"es": {
		ConcernSlow: "la plataforma lo considera lento: se puede apelar",
		"number":    "[{channel} {no}] ", "channel": "[{channel}] ", ConcernUnaccepted: "sin aceptar desde hace {n} min", ConcernLate: "{n} min de retraso en cocina", ConcernRider: "el repartidor espera desde hace {n} min", ConcernRefund: "piden un reembolso", ConcernLost: "la plataforma lo reembolsó: nadie respondió a tiempo",
		ConcernReminder: "el cliente reclama, hace {n} min", ConcernProblem: "problema de entrega desde hace {n} min", ConcernStuck + "_sought": "sin repartidor desde hace {n} min", ConcernStuck + "_assigned": "aceptado hace {n} min y el repartidor no llega", ConcernStuck + "_at_store": "sin recoger desde hace {n} min", ConcernStuck + "_on_the_way": "recogido hace {n} min y sin entregar", ConcernStuck + "_none": "sin noticias de un repartidor desde hace {n} min", ConcernStuck + "_silent": "quien lo entrega no responde desde hace {n} min", ConcernUnclear: "resultado desconocido, compruébalo", ConcernPrinter: "impresora {name}: {tickets} tickets en espera", ConcernPrinter + "_instead": "la impresora {name} no imprime: los tickets salen en {on}", ConcernFull: "la cocina está casi llena", ConcernRule: "la aceptación automática está en pausa: no funciona ni impresora ni pantalla de cocina", "rule_day_count": "los reembolsos automáticos de hoy se han agotado, responde", "rule_day_sum": "las propinas automáticas de hoy se han agotado", "rule_no_way": "nadie más puede llevarlo, desde hace {n} min", ConcernRefused: "no aceptó un agotado o una pausa", ConcernAuthorise: "la autorización ha caducado", ConcernOutage: "la plataforma no responde", ConcernComment: "una mala reseña", ConcernResting: "está en pausa en su horario", ConcernPenalty: "cerca de una sanción de la plataforma", ConcernSilent: "sin señal de las pantallas del local desde hace {n} min", "no_pull": "no llegan mensajes",
		"reach": "{at} de {of} locales", "left": "quedan {left}", "over": "fuera de plazo", "soon": "atiéndelo, por favor", "one": "Tongdan: 1 asunto espera a alguien", "many": "Tongdan: {n} asuntos esperan a alguien", "more": "{n} más", "open": "Abrir", "again": " (reenviado)",
		"test": "Tongdan: mensaje de prueba", ",": ", ",
	},
	"pt-BR": {
		ConcernSlow: "a plataforma o considera lento: dá para recorrer",
		"number":    "[{channel} {no}] ", "channel": "[{channel}] ", ConcernUnaccepted: "sem aceite há {n} min", ConcernLate: "{n} min de atraso na cozinha", ConcernRider: "entregador esperando há {n} min", ConcernRefund: "pedido de reembolso", ConcernLost: "a plataforma reembolsou: ninguém respondeu a tempo",
		ConcernReminder: "cliente cobrando, há {n} min", ConcernProblem: "problema na entrega há {n} min", ConcernStuck + "_sought": "sem entregador há {n} min", ConcernStuck + "_assigned": "aceito há {n} min e o entregador não chega", ConcernStuck + "_at_store": "sem retirada há {n} min", ConcernStuck + "_on_the_way": "retirado há {n} min e não entregue", ConcernStuck + "_none": "sem notícia de entregador há {n} min", ConcernStuck + "_silent": "quem entrega não responde há {n} min", ConcernUnclear: "resultado desconhecido, verifique", ConcernPrinter: "impressora {name}: {tickets} tíquetes na fila", ConcernPrinter + "_instead": "a impressora {name} não imprime: os tíquetes saem na {on}", ConcernFull: "a cozinha está quase cheia", ConcernRule: "o aceite automático está em pausa: nem impressora nem tela da cozinha funciona", "rule_day_count": "os reembolsos automáticos de hoje acabaram, responda", "rule_day_sum": "as gorjetas automáticas de hoje acabaram", "rule_no_way": "ninguém mais pode levar, há {n} min", ConcernRefused: "não aceitou um esgotado ou uma pausa", ConcernAuthorise: "a autorização terminou", ConcernOutage: "a plataforma não responde", ConcernComment: "uma avaliação ruim", ConcernResting: "está em pausa no horário de abertura", ConcernPenalty: "perto de uma punição da plataforma", ConcernSilent: "nenhum sinal das telas da unidade há {n} min", "no_pull": "não chegam mensagens",
		"reach": "{at} de {of} unidades", "left": "restam {left}", "over": "prazo vencido", "soon": "cuide disso, por favor", "one": "Tongdan: 1 assunto espera alguém", "many": "Tongdan: {n} assuntos esperam alguém", "more": "mais {n}", "open": "Abrir", "again": " (reenviado)",
		"test": "Tongdan: mensagem de teste", ",": ", ",
	},
}

func wordsIn(locale string) map[string]string {
	if w, ok := knockWords[locale]; ok {
		return w
	}
	if strings.HasPrefix(locale, "zh") {
		return knockWords["zh-CN"]
	}
	return knockWords["en"]
}

func fill(text string, values ...string) string {
	for i := 0; i < len(values); i += 2 {
		text = strings.ReplaceAll(text, "{"+values[i]+"}", values[i+1])
	}
	return text
}

// mostLines is how many concerns one message names; of the rest it says how many.
const mostLines = 10

// wording makes the message for a recipient: which order, what, how long still; no
// customer's name, number or address, and no dish.
type wording struct {
	now     time.Time
	stores  []ident.Store // all of the merchant
	name    func(ident.Store) string
	channel func(name string, zh bool) string
}

func (w wording) message(to recipient, list []alarm, again bool) sender.Message {
	words := wordsIn(to.locale)
	m := sender.Message{Title: words["one"], Open: words["open"]}
	if len(list) > 1 {
		m.Title = fill(words["many"], "n", strconv.Itoa(len(list)))
	}
	if again {
		m.Title += words["again"]
	}
	for i, a := range list {
		what, left := w.line(to, a, words)
		if i == 0 {
			m.What, m.Left = what, left
		}
		if i == mostLines {
			m.Lines = append(m.Lines, fill(words["more"], "n", strconv.Itoa(len(list)-i)))
			break
		}
		m.Lines = append(m.Lines, what+words[","]+left)
	}
	if len(list) > 1 { // a template holds one, and how many more
		m.What += words[","] + fill(words["more"], "n", strconv.Itoa(len(list)-1))
	}
	return m
}

// line says what one alarm is and how much time is left.
func (w wording) line(to recipient, a alarm, words map[string]string) (what, left string) {
	zh := wordsIn(to.locale)[","] == "，"
	head := ""
	if a.Channel != "" {
		head = fill(words["channel"], "channel", w.channel(a.Channel, zh))
	}
	if name := w.name(a.StoreID); a.Order == nil && a.StoreID != 0 && len(to.stores) != 1 {
		head = name + " " + head
	}
	if a.Order != nil {
		no := "#" + a.Order.DaySeq
		if a.Order.DaySeq == "" { // no number of the day, or it has not been told yet: the end of the long one
			no = a.Order.DisplayRef
			if len(no) > 6 {
				no = "…" + no[len(no)-6:]
			}
		}
		head = fill(words["number"], "channel", w.channel(a.Channel, zh), "no", no)
		if name := w.name(a.StoreID); name != "" && len(to.stores) != 1 {
			head = name + " " + head
		}
	}
	if a.Kind == ConcernPrinter { // of no channel, and of the store alone
		head = ""
		if name := w.name(a.StoreID); name != "" && len(to.stores) != 1 {
			head = name + " "
		}
	}
	text := words[a.Kind]
	if t := words[a.Cause]; t != "" && (a.Kind == ConcernOutage || a.Kind == ConcernRule || a.Kind == ConcernProblem) {
		text = t
	}
	if a.Kind == ConcernStuck {
		text = words[ConcernStuck+"_"+a.Cause]
	}
	if a.Kind == ConcernPrinter && a.StandIn != "" {
		text = words[ConcernPrinter+"_instead"]
	}
	minutes := max(w.now.UnixMilli()-cmp.Or(a.StillAt, a.SinceAt), 0) / 60_000
	what = head + fill(text, "n", strconv.FormatInt(minutes, 10), "name", a.PrinterName, "tickets", strconv.Itoa(a.Waiting), "on", a.StandIn)
	switch {
	case a.Kind == ConcernOutage || a.Kind == ConcernAuthorise:
		at, of := 0, 0
		for _, s := range w.stores {
			if to.sees(s) {
				of++
			}
		}
		for _, s := range a.Stores {
			if to.sees(s) {
				at++
			}
		}
		left = fill(words["reach"], "at", strconv.Itoa(at), "of", strconv.Itoa(of))
	case a.DueAt > w.now.UnixMilli():
		s := (a.DueAt - w.now.UnixMilli()) / 1000
		left = fill(words["left"], "left", strconv.FormatInt(s/60, 10)+":"+twoDigits(s%60))
	case a.DueAt > 0:
		left = words["over"]
	default:
		left = words["soon"]
	}
	return what, left
}

func twoDigits(n int64) string {
	if n < 10 {
		return "0" + strconv.FormatInt(n, 10)
	}
	return strconv.FormatInt(n, 10)
}
