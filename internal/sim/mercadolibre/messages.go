package mercadolibre

import (
	"fmt"
	"net/http"
	"strings"
	"unicode/utf8"
)

// Post-sale messages are played small: one conversation a sale, the buyer begins in ME2, 350
// characters of Latin-1. Agents, attachments and action guides are not played.

const maxSellerMessage = 350

// Message is one message of a conversation.
type Message struct {
	ID   string `json:"id"`
	From ID     `json:"from"`
	To   ID     `json:"to"`
	Text string `json:"text"`
	Sent Stamp  `json:"sent"`
	Read Stamp  `json:"read"`
}

func (s *Sim) messageRoutes() []route {
	return []route{
		{method: "GET", path: "/messages/packs/{pack}/sellers/{user}", group: "messages_read", do: s.getMessages},
		{method: "POST", path: "/messages/packs/{pack}/sellers/{user}", group: "messages_write", do: s.postMessage},
		{method: "GET", path: "/messages/{message}", group: "messages_read", do: s.getMessage},
	}
}

// conversation finds the sale whose conversation the path names, by pack or by order where
// the order has none.
func (q *request) conversation() *sale {
	id, _ := q.id("pack")
	v := q.s.sales[id]
	if p := q.s.packs[id]; p != nil {
		v = q.s.sales[p.Orders[0]]
	}
	if v == nil {
		q.fail(http.StatusNotFound, "not_found", "The specified pack does not exist")
		return nil
	}
	q.about(v.Order.ID)
	if user, _ := q.id("user"); user != q.user || v.Order.Seller.ID != q.user {
		q.policy("access to the requested resource is forbidden")
		return nil
	}
	return v
}

// blockedBy says why the seller may not write; "" when he may.
func (s *Sim) blockedBy(v *sale) string {
	sh := s.shipmentOf(v)
	switch {
	case v.Order.CancelDetail != nil:
		return "blocked_by_cancelled_order"
	case sh != nil && sh.Type == "fulfillment" && sh.Status != "delivered":
		return "blocked_by_fulfillment"
	case sh != nil && sh.Mode == "me2" && len(v.Messages) == 0:
		return "blocked_by_conversation_initiated_by_seller_limited"
	}
	return ""
}

func (s *Sim) messageJSON(v *sale, i int) map[string]any {
	m := v.Messages[i]
	pack := v.Order.ID
	if v.Order.PackID != nil {
		pack = *v.Order.PackID
	}
	return map[string]any{
		"id": m.ID, "site_id": v.Site, "client_id": s.app.ClientID, "from": map[string]any{"user_id": m.From}, "to": map[string]any{"user_id": m.To},
		"status": "available", "subject": nil, "text": m.Text,
		"message_date":        map[string]any{"received": m.Sent.utc(), "available": m.Sent.utc(), "notified": m.Sent.utc(), "created": m.Sent.utc(), "read": m.Read.utc()},
		"message_moderation":  map[string]any{"status": "clean", "reason": nil, "source": "online", "moderation_date": m.Sent.utc()},
		"message_attachments": nil, "message_resources": []any{map[string]any{"id": pack.String(), "name": "packs"}, map[string]any{"id": v.Order.Seller.ID.String(), "name": "sellers"}},
		"conversation_first_message": i == 0,
	}
}

func (s *Sim) getMessages(q *request) {
	v := q.conversation()
	if v == nil {
		return
	}
	limit, offset := min(max(atoi(q.param("limit"), 10), 1), 50), max(atoi(q.param("offset"), 0), 0)
	rows := []any{}
	for i := offset; i < min(offset+limit, len(v.Messages)); i++ {
		rows = append(rows, s.messageJSON(v, i))
	}
	status, sub := "active", any(nil)
	if why := s.blockedBy(v); why != "" {
		status, sub = "blocked", why
	}
	if q.param("mark_as_read") != "false" {
		t := s.begin(q.now)
		for i := range v.Messages {
			if m := &v.Messages[i]; m.To == q.user && m.Read.IsZero() {
				m.Read = stampAt(q.now)
				t.sales[v.Order.ID] = v
			}
		}
		if err := t.commit(); err != nil {
			q.fail(http.StatusInternalServerError, "internal_server_error", "The simulator's book cannot be written")
			return
		}
	}
	q.json(http.StatusOK, map[string]any{
		"paging": map[string]int{"limit": limit, "offset": offset, "total": len(v.Messages)},
		"conversation_status": map[string]any{
			"path": fmt.Sprintf("/packs/%s/sellers/%d", q.vars["pack"], q.user), "status": status, "substatus": sub, "status_date": v.Order.DateCreated.utc(),
			"status_update_allowed": false, "claim_ids": nil, "shipping_id": nil,
		},
		"messages": rows, "seller_max_message_length": maxSellerMessage, "buyer_max_message_length": 3500,
	})
}

func (s *Sim) getMessage(q *request) {
	for _, v := range s.ofSeller[q.user] {
		for i, m := range v.Messages {
			if m.ID == q.vars["message"] {
				q.about(v.Order.ID)
				q.json(http.StatusOK, map[string]any{"messages": []any{s.messageJSON(v, i)}})
				return
			}
		}
	}
	q.fail(http.StatusBadRequest, "bad_request", "The specified message id does not exists")
}

func (s *Sim) postMessage(q *request) {
	v := q.conversation()
	if v == nil {
		return
	}
	var in struct {
		To struct {
			UserID ID `json:"user_id"`
		} `json:"to"`
		Text string `json:"text"`
	}
	if !q.decode(&in) {
		return
	}
	if s.blockedBy(v) != "" {
		q.blocked("blocked_conversation_send_message_forbidden")
		return
	}
	err := q.change(v.Order.ID.String(), "message", func(t *tx) (bool, error) {
		switch {
		case utf8.RuneCountInString(in.Text) > maxSellerMessage:
			return false, refuse(http.StatusBadRequest, "bad_request", "The message content is too long, max characters allowed are 350")
		case in.Text == "" || strings.ContainsFunc(in.Text, func(r rune) bool { return r > 255 }):
			return false, refuse(http.StatusBadRequest, "bad_request", "The text has character/s that is/are not supported.")
		case in.To.UserID != v.Order.Buyer.ID:
			return false, refuse(http.StatusBadRequest, "bad_request", "The to user is not a member of the conversation")
		}
		return true, t.say(v, v.Order.Seller.ID, v.Order.Buyer.ID, in.Text)
	})
	if err != nil {
		q.refused(err)
		return
	}
	q.json(http.StatusCreated, s.messageJSON(v, len(v.Messages)-1))
}

// say adds a message to a sale's conversation and announces it by its bare id.
func (t *tx) say(v *sale, from, to ID, text string) error {
	if len(v.Messages) >= 500 || utf8.RuneCountInString(text) > 3500 {
		return fmt.Errorf("a conversation holds at most 500 messages of 3500 characters")
	}
	m := Message{ID: fmt.Sprintf("%032x", int64(from)*1_000_003+int64(t.next())), From: from, To: to, Text: text, Sent: stampAt(t.at)}
	v.Messages = append(v.Messages, m)
	t.sales[v.Order.ID] = v
	t.hints = append(t.hints, hint{topic: "messages", resource: m.ID, seller: v.Order.Seller.ID, about: v.Order.ID.String(), actions: "created"})
	return nil
}
