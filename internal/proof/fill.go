package proof

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/order"
)

// AskFill asks for many orders at once, for measurements only.
type AskFill struct {
	Merchant ident.Merchant
	N        int
	From     int // number of the first: later fills must not meet earlier ones
	Days     int // over which they are spread, ending now; 0 = 400
	Older    int // so many days before now they end
}

// FillFrom is the platform's number of the first order of a fill.
const FillFrom = 7_000_000_000_000

const fillBatch = 20 // a few ms, as of every import

// fill copies the newest order N times: rows as they are stored by the intake, without
// records and journal, spread over the days and all shops, most of them long finished. Everything that
// lists, counts and searches look at is there.
func (n *Node) fill(ctx context.Context, in AskFill) (struct{}, error) {
	scope := db.Scope{Merchant: in.Merchant, Personal: true}
	list, _, err := n.DB.Orders(ctx, scope, db.Filter{Limit: 1, Sort: db.SortNewest})
	if err != nil {
		return struct{}{}, err
	}
	if len(list) == 0 {
		return struct{}{}, fault.New("proof.fill", fault.Conflict, "let one order in first: it is what is copied")
	}
	like := list[0]
	shops, err := n.DB.Shops(ctx, scope)
	if err != nil {
		return struct{}{}, err
	}
	rng := rand.New(rand.NewPCG(1, uint64(in.From)))
	now, days := time.Now().AddDate(0, 0, -in.Older), cmp.Or(in.Days, 400)
	names := []string{"珍珠奶茶", "芝士奶盖", "杨枝甘露", "暴打柠檬茶", "黑糖珍珠鲜奶", "生椰拿铁", "桂花乌龙奶茶", "满杯百香果"}
	for at := 0; at < in.N; at += fillBatch {
		rows := make([]db.OrderRow, 0, fillBatch)
		refs := make([]order.Ref, 0, fillBatch)
		for i := at; i < min(at+fillBatch, in.N); i++ {
			r := like
			r.Ref.ID = strconv.Itoa(FillFrom + in.From + i)
			r.SortAt = now.Add(-time.Duration(rng.IntN(days*24*3600)) * time.Second).UnixMilli()
			r.ID = ident.Order(ident.Of(time.UnixMilli(r.SortAt), rng.Uint32()))
			r.Status, r.Flags, r.DueAt, r.SweepAt = order.StatusDone, 0, 0, 0
			switch p := rng.IntN(1000); {
			case p < 60:
				r.Status = order.StatusCancelled
			case p < 75:
				r.Status = order.StatusDelivering
			case p < 85:
				r.Status = order.StatusAccepted
			case p < 90:
				r.Status, r.DueAt = order.StatusNew, time.Now().UnixMilli()+int64(rng.IntN(300_000))
			case p < 92:
				r.Flags = db.BitRefund
			}
			if len(shops) > 0 {
				s := shops[rng.IntN(len(shops))]
				r.Shop, r.Store = s.ID, s.Store
			}
			phone := fmt.Sprintf("%04d", rng.IntN(1000)) // few, so that an end fills a page at 100,000 orders too
			r.Summary = bytes.ReplaceAll(bytes.ReplaceAll(like.Summary, []byte(like.Ref.ID), []byte(r.Ref.ID)),
				[]byte(`"status":"`+string(like.Status)+`"`), []byte(`"status":"`+string(r.Status)+`"`))
			for _, x := range [][2]string{{like.ID.String(), r.ID.String()}, {like.Shop.String(), r.Shop.String()}, {like.Store.String(), r.Store.String()}} {
				r.Summary = bytes.ReplaceAll(r.Summary, []byte(x[0]), []byte(x[1]))
			}
			r.Search = db.SearchText{Names: []string{names[rng.IntN(len(names))], names[rng.IntN(len(names))]}, Numbers: []string{r.Ref.ID},
				DaySeq: strconv.Itoa(rng.IntN(300)), Phones: []string{"1850000" + phone}, Persons: []string{"张三"}}
			rows, refs = append(rows, r), append(refs, r.Ref)
		}
		_, err := n.DB.Do(ctx, db.Verb{Name: "proof.fill", Merchant: in.Merchant, Refs: refs, Class: db.Bulk, Decide: func(tx *db.Tx) error {
			for i := range rows {
				row := rows[i]
				tx.PutOrder(&row)
			}
			return nil
		}})
		if err != nil {
			return struct{}{}, err
		}
	}
	return struct{}{}, nil
}
