package meituan

import (
	"net/url"
	"strings"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/order"
)

// Translate implements channel.Translator.
func (platform) Translate(k channel.Kept) channel.Item {
	return translated(k, func() (told, error) {
		if k.Push {
			return pushedAgain(k)
		}
		return readAgain(direct{}, k, source{order.ClassRead, k.At})
	})
}

// translated makes an item of what a kept message says.
func translated(k channel.Kept, read func() (told, error)) channel.Item {
	item := channel.Item{What: k.What, Raw: k.Raw, At: k.At.UnixMilli()}
	said, err := read()
	for _, one := range said.readings {
		if err == nil {
			err = one.Record.Check()
		}
	}
	if err != nil {
		item.Err = err
		return item
	}
	item.Ref, item.Readings = said.ref, said.readings
	return item
}

// reads are the calls behind what is kept of reads. What else is kept says nothing about an order: a
// number of the day, an ok.
var reads = map[string]string{"order": "order/getOrderDetail", "refunds": "ecommerce/order/getOrderRefundDetail", "order.status": "order/viewstatus", "numbers": customersPath, whatRiders: ridersPath}

func readAgain(d dialect, k channel.Kept, src source) (out told, err error) {
	if k.What == whatSlow { // a row of an answer
		return translateSlow(k.Raw, src)
	}
	path, known := reads[k.What]
	if !known {
		return told{}, nil
	}
	data, _, err := d.answer(k.Raw, call{path: path})
	if err != nil {
		return out, &fault.Error{Op: "meituan.Translate", Code: fault.Invalid, Why: fault.Because("answer_unreadable", "the platform's answer cannot be read"), Err: err}
	}
	switch k.What {
	case "order":
		f, err := formOf(data)
		if err != nil {
			return out, err
		}
		return translateOrder(f, src)
	case "numbers":
		out, _, err := translateNumbers(data, src)
		return out, err
	case whatRiders:
		out, _, err := translateRiders(data, src)
		return out, err
	case "refunds":
		out, _ := translateRefunds(data, k.Ref.ID, src)
		return out, nil
	}
	word, r := translateStatus(data, src.at)
	if word == "" {
		return out, &fault.Error{Op: "meituan.Translate", Code: fault.Invalid, Why: fault.Because("no_status_told", "the platform's answer names no status")}
	}
	return told{ref: k.Ref, readings: []order.Reading{{Ref: k.Ref, Record: r}}}, nil
}

// pushedAgain reads a push without its signature. Whether its values were encoded once or
// twice was seen by the signature then; here by the values: one that is still encoded after
// the first decoding was encoded twice.
func pushedAgain(k channel.Kept) (told, error) {
	for i := range pushes {
		p := &pushes[i]
		if p.what != k.What {
			continue
		}
		all, err := url.ParseQuery(strings.TrimSpace(string(k.Raw)))
		if err != nil {
			return told{}, &fault.Error{Op: "meituan.Translate", Code: fault.Invalid, Why: fault.Because("push_no_form", "the push has not the platform's form"), Err: err}
		}
		once, ok := single(all)
		if !ok {
			return told{}, &fault.Error{Op: "meituan.Translate", Code: fault.Invalid, Why: fault.Because("push_name_twice", "a name comes twice in the push")}
		}
		params := make(map[string]string, len(once))
		for name, v := range once {
			d, err := url.QueryUnescape(v)
			if err != nil {
				params = once
				break
			}
			params[name] = d
		}
		if p.read == nil {
			return told{}, nil
		}
		return p.read(formFrom(params), source{order.ClassPush, k.At})
	}
	return told{}, &fault.Error{Op: "meituan.Translate", Code: fault.Invalid, Why: fault.Because("push_unknown", "a push of an unknown kind")}
}
