package api

import (
	"context"
	"net/http"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/courier"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	couriers "github.com/tongdan/tongdan/internal/courier"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/hub"
	"github.com/tongdan/tongdan/order"
	"github.com/tongdan/tongdan/role"
)

// OwnRider is who brings orders for a store.
type OwnRider struct {
	ID      ident.Rider `json:"id"`
	StoreID ident.Store `json:"store_id"`
	Name    string      `json:"name"`
	Phone   string      `json:"phone"`
	Off     bool        `json:"off"`
	MadeAt  int64       `json:"made_at"`
}

// OwnRiderBody is a rider as he is given.
type OwnRiderBody struct {
	StoreID ident.Store `json:"store_id"`
	Name    string      `json:"name" minLength:"1" maxLength:"40"`
	Phone   string      `json:"phone" minLength:"3" maxLength:"32"`
	Off     bool        `json:"off,omitempty" doc:"Brings nothing any more; his links end."`
}

// CourierKind is a courier that this build knows.
type CourierKind struct {
	Kind        string             `json:"kind"`
	LabelZH     string             `json:"label_zh"`
	LabelEN     string             `json:"label_en"`
	Guide       channel.Text       `json:"guide" doc:"Where what has to be entered is found."`
	Shop        channel.Text       `json:"shop" doc:"What its number of a store is."`
	BaseURL     string             `json:"base_url"`
	Tips        bool               `json:"tips"`
	Fields      []CredField        `json:"fields"`
	Reasons     []hub.ActionChoice `json:"reasons" doc:"With which a delivery can be cancelled."`
	Unconfirmed []channel.Text     `json:"unconfirmed" doc:"What its public documents leave open, and how it is read here."`
}

// CourierAccount is an account at a courier. Secrets are never shown.
type CourierAccount struct {
	ID      ident.Courier     `json:"id"`
	Kind    string            `json:"kind"`
	Name    string            `json:"name"`
	Address string            `json:"address" doc:"Of its API; empty: its own."`
	Off     bool              `json:"off"`
	Shops   map[string]string `json:"shops" doc:"By store (sto_…) the courier's number of it."`
	Values  map[string]string `json:"values" doc:"Credentials that are no secrets."`
	Has     []string          `json:"has" doc:"Names of the credentials that are set."`
	MadeAt  int64             `json:"made_at"`
}

// CourierAccountBody is an account as it is given.
type CourierAccountBody struct {
	Kind        string            `json:"kind" maxLength:"40"`
	Name        string            `json:"name" minLength:"1" maxLength:"80"`
	Address     string            `json:"address,omitempty" maxLength:"300"`
	Off         bool              `json:"off,omitempty"`
	Shops       map[string]string `json:"shops,omitempty"`
	Credentials map[string]string `json:"credentials,omitempty" doc:"Those that are left out stay."`
}

func (s *Server) rideRoutes() {
	add(s, op("listRideOffers", http.MethodGet, "/orders/{id}/ride_offers", "deliveries", "The ways to bring an order beside its platform, with what couriers ask now"), s.rideOffers)
	add(s, created(op("makeRide", http.MethodPost, "/orders/{id}/rides", "deliveries", "Have an order brought by an own rider or a courier, instead of whoever brings it so far")), s.makeRide)
	add(s, op("endRide", http.MethodPost, "/orders/{id}/rides/{ride}/end", "deliveries", "Cancel it"), s.endRide)
	add(s, op("tipRide", http.MethodPost, "/orders/{id}/rides/{ride}/tip", "deliveries", "Set the tip of a courier's ride that nobody has taken, as a new total"), s.tipRide)
	add(s, op("stepRide", http.MethodPost, "/orders/{id}/rides/{ride}/step", "deliveries", "Say how far an own rider is"), s.stepRide)
	add(s, op("blameDelivery", http.MethodPost, "/orders/{id}/deliveries/{ride}/liable", "deliveries", "Say who answers for a delivery that went wrong"), s.blame)

	add(s, op("listRiders", http.MethodGet, "/riders", "deliveries", "Riders of one's stores"), s.listRiders)
	add(s, created(op("makeRider", http.MethodPost, "/riders", "deliveries", "Add a rider")), func(ctx context.Context, in *create[OwnRiderBody]) (*riderOutput, error) {
		return s.putRider(ctx, 0, in.Body)
	})
	add(s, op("changeRider", http.MethodPut, "/riders/{id}", "deliveries", "Change one"), func(ctx context.Context, in *change[OwnRiderBody]) (*riderOutput, error) {
		id, err := idOf[ident.Rider](in.ID)
		if err != nil {
			return nil, err
		}
		return s.putRider(ctx, id, in.Body)
	})
	add(s, op("makeRiderLink", http.MethodPost, "/riders/{id}/link", "deliveries", "A link with which a rider sees what he has to bring, without an account"), s.riderLink)

	add(s, op("listCourierKinds", http.MethodGet, "/courier-kinds", "deliveries", "The couriers that this build knows"), s.courierKinds)
	add(s, op("listCouriers", http.MethodGet, "/couriers", "deliveries", "Accounts at couriers; secrets are never shown"), s.listCouriers)
	add(s, created(op("makeCourier", http.MethodPost, "/couriers", "deliveries", "Add an account at a courier")), func(ctx context.Context, in *create[CourierAccountBody]) (*courierOutput, error) {
		return s.putCourier(ctx, 0, in.Body)
	})
	add(s, op("changeCourier", http.MethodPut, "/couriers/{id}", "deliveries", "Change one; credentials that are left out stay"), func(ctx context.Context, in *change[CourierAccountBody]) (*courierOutput, error) {
		id, err := idOf[ident.Courier](in.ID)
		if err != nil {
			return nil, err
		}
		return s.putCourier(ctx, id, in.Body)
	})
}

type rideOffersOutput struct {
	Body struct {
		Offers []hub.RideOffer `json:"offers"`
		At     int64           `json:"at" doc:"When they were asked for."`
	}
}

func (s *Server) rideOffers(ctx context.Context, in *ByID) (*rideOffersOutput, error) {
	id, err := idOf[ident.Order](in.ID)
	if err != nil {
		return nil, err
	}
	out := &rideOffersOutput{}
	out.Body.At = s.hub.Now().UnixMilli()
	out.Body.Offers, err = s.hub.RideOffers(ctx, who(ctx).Actor, id)
	return out, fault.Wrap("api.rideOffers", err)
}

type makeRideInput struct {
	ByID
	ActOnce
	Body struct {
		CourierID ident.Courier `json:"courier_id,omitempty"`
		RiderID   ident.Rider   `json:"rider_id,omitempty" doc:"Of an own rider, where there is no courier_id."`
		Fee       string        `json:"fee,omitempty" maxLength:"20" doc:"What was agreed to: a dearer one is not ordered. Left out: any."`
		Instead   string        `json:"instead,omitempty" maxLength:"32" doc:"The key of the ride that it comes instead of, which is cancelled first."`
		Reason    string        `json:"reason,omitempty" maxLength:"40" doc:"Why that one is cancelled: one of its courier's reasons."`
	}
}

type rideOutput struct {
	Seq  int64 `header:"Tongdan-Seq"`
	Body struct {
		Key string `json:"key"`
	}
}

func (s *Server) makeRide(ctx context.Context, in *makeRideInput) (*rideOutput, error) {
	id, err := idOf[ident.Order](in.ID)
	if err != nil {
		return nil, err
	}
	if _, err := s.pressed(who(ctx), 0); err != nil {
		return nil, err
	}
	out := &rideOutput{}
	b := in.Body
	out.Body.Key, out.Seq, err = s.hub.Ride(ctx, who(ctx).Actor, id, hub.RideAsk{Courier: b.CourierID, Rider: b.RiderID, Most: b.Fee, Instead: b.Instead, Reason: b.Reason})
	return out, fault.Wrap("api.makeRide", err)
}

// ByRide is the path of a ride, or of a delivery, of an order.
type ByRide struct {
	ByID
	ActOnce
	Ride string `path:"ride" maxLength:"64"`
}

// onRide answers with the number of the change.
func (s *Server) onRide(ctx context.Context, in ByRide, do func(who hub.Actor, id ident.Order) (int64, error)) (*seqOutput, error) {
	id, err := idOf[ident.Order](in.ID)
	if err != nil {
		return nil, err
	}
	if _, err := s.pressed(who(ctx), 0); err != nil {
		return nil, err
	}
	seq, err := do(who(ctx).Actor, id)
	return &seqOutput{Seq: seq}, fault.Wrap("api.onRide", err)
}

type endRideInput struct {
	ByRide
	Body struct {
		Reason string `json:"reason,omitempty" maxLength:"40" doc:"One of its courier's reasons."`
		Words  string `json:"words,omitempty" maxLength:"100"`
	}
}

func (s *Server) endRide(ctx context.Context, in *endRideInput) (*seqOutput, error) {
	return s.onRide(ctx, in.ByRide, func(who hub.Actor, id ident.Order) (int64, error) {
		return s.hub.EndRide(ctx, who, id, in.Ride, in.Body.Reason, in.Body.Words)
	})
}

type tipRideInput struct {
	ByRide
	Body struct {
		Tip string `json:"tip" maxLength:"20"`
	}
}

func (s *Server) tipRide(ctx context.Context, in *tipRideInput) (*seqOutput, error) {
	return s.onRide(ctx, in.ByRide, func(who hub.Actor, id ident.Order) (int64, error) {
		return s.hub.TipRide(ctx, who, id, in.Ride, in.Body.Tip)
	})
}

type stepRideInput struct {
	ByRide
	Body struct {
		Step  string `json:"step" enum:"picked,delivered,problem"`
		Words string `json:"words,omitempty" maxLength:"200"`
	}
}

func (s *Server) stepRide(ctx context.Context, in *stepRideInput) (*seqOutput, error) {
	return s.onRide(ctx, in.ByRide, func(who hub.Actor, id ident.Order) (int64, error) {
		return s.hub.StepRide(ctx, who, id, in.Ride, in.Body.Step, in.Body.Words)
	})
}

type blameInput struct {
	ByRide
	Body struct {
		Party order.Party `json:"party" enum:"platform,courier,merchant,customer,unknown," doc:"Empty: nobody has said."`
		Words string      `json:"words,omitempty" maxLength:"200"`
	}
}

func (s *Server) blame(ctx context.Context, in *blameInput) (*seqOutput, error) {
	return s.onRide(ctx, in.ByRide, func(who hub.Actor, id ident.Order) (int64, error) {
		return s.hub.Blame(ctx, who, id, in.Ride, in.Body.Party, in.Body.Words)
	})
}

type ridersOutput struct {
	Body struct {
		Riders []OwnRider `json:"riders"`
	}
}

func riderOf(r db.RiderRow) OwnRider {
	return OwnRider{r.ID, r.Store, r.Name, r.Phone, r.Disabled, r.Made}
}

func (s *Server) listRiders(ctx context.Context, _ *struct{}) (*ridersOutput, error) {
	list, err := s.hub.Riders(ctx, who(ctx).Actor)
	out := &ridersOutput{}
	out.Body.Riders = each(list, riderOf)
	return out, fault.Wrap("api.listRiders", err)
}

type riderOutput struct {
	Seq  int64 `header:"Tongdan-Seq"`
	Body OwnRider
}

func (s *Server) putRider(ctx context.Context, id ident.Rider, b OwnRiderBody) (*riderOutput, error) {
	r, err := s.hub.PutRider(ctx, who(ctx).Actor, db.RiderRow{ID: id, Store: b.StoreID, Name: b.Name, Phone: b.Phone, Disabled: b.Off})
	if err != nil {
		return nil, fault.Wrap("api.putRider", err)
	}
	seq, err := s.seq(ctx)
	return &riderOutput{seq, riderOf(r)}, err
}

type riderLinkOutput struct {
	Body struct {
		Link  string `json:"link" doc:"For the rider's phone; whoever has it sees what he has to bring."`
		Until int64  `json:"until"`
	}
}

func (s *Server) riderLink(ctx context.Context, in *ByID) (*riderLinkOutput, error) {
	id, err := idOf[ident.Rider](in.ID)
	if err != nil {
		return nil, err
	}
	out := &riderLinkOutput{}
	var until time.Time
	out.Body.Link, until, err = s.hub.RiderLink(ctx, who(ctx).Actor, id)
	out.Body.Until = until.UnixMilli()
	return out, fault.Wrap("api.riderLink", err)
}

type courierKindsOutput struct {
	Body struct {
		Kinds []CourierKind `json:"kinds"`
	}
}

func (s *Server) courierKinds(context.Context, *struct{}) (*courierKindsOutput, error) {
	out := &courierKindsOutput{}
	out.Body.Kinds = each(couriers.Makes, func(m courier.Make) CourierKind {
		i := m.Info()
		return CourierKind{i.Name, i.Label.ZH, i.Label.EN, i.Guide, i.Shop, i.Base, i.Tips, each(i.Fields, func(f channel.Field) CredField {
			return CredField{f.Name, f.Label.ZH, f.Label.EN, f.Secret, f.Required}
		}), each(i.Reasons, func(c channel.Choice) hub.ActionChoice {
			return hub.ActionChoice{Value: c.Code, LabelZH: c.Label.ZH, LabelEN: c.Label.EN}
		}), i.Unconfirmed}
	})
	return out, nil
}

type couriersOutput struct {
	Body struct {
		Couriers []CourierAccount `json:"couriers"`
	}
}

func courierOf(c db.CourierRow, keeps bool) CourierAccount {
	out := CourierAccount{c.ID, c.Kind, c.Name, c.Address, c.Disabled, map[string]string{}, map[string]string{}, []string{}, c.Made}
	for st, number := range c.Shops {
		out.Shops[st.String()] = number
	}
	mk, ok := couriers.MakeOf(c.Kind)
	if !keeps || !ok {
		out.Address = ""
		return out
	}
	for _, f := range mk.Info().Fields {
		if c.Credentials[f.Name] == "" {
			continue
		}
		out.Has = append(out.Has, f.Name)
		if !f.Secret {
			out.Values[f.Name] = c.Credentials[f.Name]
		}
	}
	return out
}

func (s *Server) listCouriers(ctx context.Context, _ *struct{}) (*couriersOutput, error) {
	c := who(ctx)
	list, err := s.hub.Couriers(ctx, c.Actor)
	out := &couriersOutput{}
	keeps := c.May("", role.KeepCouriers) == nil
	out.Body.Couriers = each(list, func(r db.CourierRow) CourierAccount { return courierOf(r, keeps) })
	return out, fault.Wrap("api.listCouriers", err)
}

type courierOutput struct {
	Seq  int64 `header:"Tongdan-Seq"`
	Body CourierAccount
}

func (s *Server) putCourier(ctx context.Context, id ident.Courier, b CourierAccountBody) (*courierOutput, error) {
	const op = "api.putCourier"
	row := db.CourierRow{ID: id, Kind: b.Kind, Name: b.Name, Address: b.Address, Disabled: b.Off, Credentials: b.Credentials, Shops: map[ident.Store]string{}}
	for text, number := range b.Shops {
		st, err := idOf[ident.Store](text)
		if err != nil {
			return nil, &fault.Error{Op: op, Code: fault.Invalid, Why: fault.Because("fields_wrong", "some fields are wrong"), Fields: []fault.Field{fault.Wrong("body.shops", fault.Because("field_not_yours", "is none of your stores"))}}
		}
		row.Shops[st] = number
	}
	row, err := s.hub.PutCourier(ctx, who(ctx).Actor, row)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	seq, err := s.seq(ctx)
	return &courierOutput{seq, courierOf(row, true)}, err
}
