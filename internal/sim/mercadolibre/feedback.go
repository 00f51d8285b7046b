package mercadolibre

import (
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// reasons are what a seller may say about a sale that he does not fulfil.
var reasons = []string{
	"OUT_OF_STOCK", "BUYER_NOT_ENOUGH_MONEY", "BUYER_REGRETS", "SELLER_REGRETS", "BUYER_DID_NOT_ANSWER", "THEY_NOT_HONORING_POLICIES",
	"OTHER_MY_RESPONSIBILITY", "OTHER_THEIR_RESPONSIBILITY", "DUBIOUS_BUYER", "HIGH_ML_COMISSION", "HIGH_TAXES", "SELLER_HOLIDAY",
	"UNFRIENDLY_SHIPMENT_POLICY", "UNAVAILABLE_PRODUCT", "SELLER_ADDRESS_WITHDRAWAL", "WRONG_RECEIVER_ADDRESS", "HIGH_SHIPMENT_COST",
	"WRONG_SHIPMENT_COST", "UNPRINTED_LABEL", "UNWITHDRAWN_PRODUCT_BY_DELIVER_COMPANY", "DENIED_PACKAGE", "UNABLE_TO_READ_LABEL",
	"MANUFACTURING_PRODUCT_NOT_FINISHED", "SHIPMENT_PROBLEM_OTHER", "DELIVERY_COMPANY_PROBLEM_OTHER",
}

const (
	maxFeedback   = 160 // characters, exclusive
	replyWithin   = 14 * 24 * time.Hour
	feedbackAfter = 21 * 24 * time.Hour // when a refusal to fulfil comes too late; the page gives no number
)

type feedbackIn struct {
	Fulfilled *bool   `json:"fulfilled"`
	Rating    string  `json:"rating"`
	Message   string  `json:"message"`
	Reason    *string `json:"reason"`
	Restock   bool    `json:"restock_item"`
}

func (in *feedbackIn) check() error {
	switch {
	case in.Fulfilled == nil:
		return refuse(http.StatusBadRequest, "invalid_fulfilled", "fulfilled is required and must be true or false")
	case !slices.Contains([]string{"positive", "neutral", "negative"}, in.Rating):
		return refuse(http.StatusBadRequest, "invalid_rating", "rating must be positive, neutral or negative")
	case utf8.RuneCountInString(in.Message) >= maxFeedback:
		return refuse(http.StatusBadRequest, "invalid_message", "message must have less than 160 characters")
	case !*in.Fulfilled && (in.Reason == nil || !slices.Contains(reasons, *in.Reason)):
		return refuse(http.StatusBadRequest, "invalid_reason", "reason is required when the sale was not fulfilled")
	}
	return nil
}

func (s *Sim) getFeedback(q *request) {
	v := q.order()
	if v == nil {
		return
	}
	q.json(http.StatusOK, map[string]any{"sale": v.Feedback, "purchase": v.Purchase})
}

// postFeedback is the seller's word on a sale, and with fulfilled false his only way to cancel
// it.
func (s *Sim) postFeedback(q *request) {
	v := q.order()
	if v == nil {
		return
	}
	var in feedbackIn
	if !q.decode(&in) {
		return
	}
	kind := "feedback"
	if in.Fulfilled != nil && !*in.Fulfilled {
		kind = "cancel"
	}
	err := q.change(v.Order.ID.String(), kind, func(t *tx) (bool, error) {
		if err := in.check(); err != nil {
			return false, err
		}
		if v.Feedback != nil {
			return false, refuse(http.StatusBadRequest, "feedback_already_exists", "The feedback for this order already exists")
		}
		if !*in.Fulfilled {
			sh := s.shipmentOf(v)
			if !v.alive() || sh != nil && (sh.Status == "shipped" || final(sh.Status)) || t.at.Sub(v.Order.DateCreated.Time) > feedbackAfter {
				return false, refuse(http.StatusBadRequest, "not_fulfilled_feedback_in_order_expired", "The order can no longer receive a feedback as not fulfilled")
			}
		}
		t.giveFeedback(v, &in)
		return true, nil
	})
	if err != nil {
		q.refused(err)
		return
	}
	q.json(http.StatusCreated, v.Feedback)
}

func (t *tx) giveFeedback(v *sale, in *feedbackIn) {
	f := &Feedback{
		ID: 9_000_000_000 + t.next(), OrderID: v.Order.ID, Role: "seller", Fulfilled: *in.Fulfilled, Rating: in.Rating, Message: in.Message,
		Reason: in.Reason, RestockItem: in.Restock, Status: "active", DateCreated: stampAt(t.at), AppID: t.s.app.ClientID,
	}
	v.Feedback = f
	v.Order.Feedback.Seller = f.ref()
	v.Order.Fulfilled = ptr(f.Fulfilled)
	t.touchSale(v)
	t.hint("orders_feedback", "/orders/"+v.Order.ID.String()+"/feedback", v.Order.Seller.ID, v.Order.ID.String())
	if !f.Fulfilled {
		code := "feedback_" + strings.ToLower(*in.Reason)
		if *in.Reason == "OUT_OF_STOCK" || *in.Reason == "UNAVAILABLE_PRODUCT" {
			code = "feedback_unavailable_product"
		}
		t.cancel(v, CancelDetail{Group: "seller", Code: code, Description: "The seller did not fulfil the sale", RequestedBy: "seller", ApplicationID: ptr(t.s.app.ClientID)}, "cancelled_manually", in.Restock)
		return
	}
	sh := t.s.shipmentOf(v)
	switch {
	case sh == nil:
		v.setTag("delivered", "not_delivered")
	case sh.Mode != "me2" && !final(sh.Status):
		t.move(sh, "delivered", "fulfilled_feedback")
		v.setTag("delivered", "not_delivered")
	}
}

func (f *Feedback) ref() *FeedbackRef {
	return &FeedbackRef{ID: f.ID, Fulfilled: f.Fulfilled, Rating: f.Rating, DateCreated: f.DateCreated, Status: f.Status}
}

// feedback finds a feedback of the caller's sales by its id.
func (q *request) feedback(pickOne func(*sale) *Feedback) (*sale, *Feedback) {
	id, _ := q.id("feedback")
	for _, v := range q.s.ofSeller[q.user] {
		if f := pickOne(v); f != nil && f.ID == id {
			q.about(v.Order.ID)
			return v, f
		}
	}
	q.fail(http.StatusNotFound, "feedback_not_found", "Feedback not found")
	return nil, nil
}

func (s *Sim) putFeedback(q *request) {
	v, f := q.feedback(func(v *sale) *Feedback { return v.Feedback })
	if f == nil {
		return
	}
	var in feedbackIn
	if !q.decode(&in) {
		return
	}
	err := q.change(v.Order.ID.String(), "feedback", func(t *tx) (bool, error) {
		if err := in.check(); err != nil {
			return false, err
		}
		if *in.Fulfilled != f.Fulfilled {
			return false, refuse(http.StatusBadRequest, "invalid_fulfilled", "fulfilled cannot be changed any more")
		}
		f.Rating, f.Message, f.Reason, f.Modified = in.Rating, in.Message, in.Reason, true
		v.Order.Feedback.Seller = f.ref()
		t.touchSale(v)
		return true, nil
	})
	if err != nil {
		q.refused(err)
		return
	}
	q.json(http.StatusOK, f)
}

func (s *Sim) replyFeedback(q *request) {
	v, f := q.feedback(func(v *sale) *Feedback { return v.Purchase })
	if f == nil {
		return
	}
	var in struct {
		Reply string `json:"reply"`
	}
	if !q.decode(&in) {
		return
	}
	err := q.change(v.Order.ID.String(), "feedback_reply", func(t *tx) (bool, error) {
		switch {
		case f.Reply != nil:
			return false, refuse(http.StatusBadRequest, "reply_already_exists", "The reply already exists")
		case t.at.Sub(f.DateCreated.Time) > replyWithin:
			return false, refuse(http.StatusBadRequest, "reply_time_expired", "The time to reply has expired")
		case in.Reply == "" || utf8.RuneCountInString(in.Reply) >= maxFeedback:
			return false, refuse(http.StatusBadRequest, "invalid_message", "reply must have less than 160 characters")
		}
		f.Reply = &FeedbackReply{Text: in.Reply, DateCreated: stampAt(t.at)}
		t.touchSale(v)
		return true, nil
	})
	if err != nil {
		q.refused(err)
		return
	}
	q.json(http.StatusOK, f)
}
