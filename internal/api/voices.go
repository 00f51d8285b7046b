package api

import (
	"context"
	"net/http"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
)

// One device of a store speaks at each post: the counter hears what is to be answered, the
// kitchen what is to be made, the call-out board what is ready. Each device asks every few
// seconds for as long as it can be heard, and speaks while the answer says so.

// Voice is a post of a store, and which device speaks there.
type Voice struct {
	Post      string `json:"post" enum:"counter,kitchen,callout"`
	Everybody bool   `json:"everybody" doc:"All speak; else one."`
	Alive     bool   `json:"alive" doc:"Somebody speaks there now."`
	Holder    string `json:"holder" doc:"dev_… of a paired screen, or what a browser calls itself."`
	Name      string `json:"name"`
	SinceAt   int64  `json:"since_at"`
}

func (s *Server) voiceOf(v db.VoiceRow) Voice {
	return Voice{v.Post, v.Everybody, v.Alive(s.now()), v.Holder, v.Name, v.Since}
}

func (s *Server) voiceRoutes() {
	add(s, op("listVoices", http.MethodGet, "/stores/{id}/voices", "devices", "Which devices of a store speak"), s.listVoices)
	add(s, op("speak", http.MethodPost, "/stores/{id}/voices", "devices", "Ask whether the device that asks speaks at a post; ask every five seconds. Who is not heard of for half a minute loses it to the next"), s.speak)
	add(s, op("letAllSpeak", http.MethodPut, "/stores/{id}/voices", "devices", "Let all devices of a post speak, or one"), s.letAllSpeak)
}

// ownStore reads a store's id that the caller has.
func (s *Server) ownStore(c caller, text string) (ident.Store, error) {
	id, err := idOf[ident.Store](text)
	if err != nil {
		return 0, err
	}
	if _, ok := s.db.StoreByID(c.Merchant, id); !ok || !c.Sees(id) {
		return 0, fault.Say("api.ownStore", fault.NotFound, "no_store", "there is no such store")
	}
	return id, nil
}

type voicesOutput struct {
	Body struct {
		Voices []Voice `json:"voices"`
	}
}

func (s *Server) listVoices(ctx context.Context, in *ByID) (*voicesOutput, error) {
	c := who(ctx)
	store, err := s.ownStore(c, in.ID)
	if err != nil {
		return nil, err
	}
	rows, err := s.db.Voices(ctx, c.Merchant, store)
	out := &voicesOutput{}
	out.Body.Voices = each(rows, s.voiceOf)
	return out, fault.Wrap("api.listVoices", err)
}

type speakInput struct {
	ByID
	Body struct {
		Post string `json:"post" enum:"counter,kitchen,callout"`
		As   string `json:"as,omitempty" pattern:"^[a-z0-9]{8,40}$" doc:"What a browser that is no paired screen calls itself, always the same."`
		Able bool   `json:"able" doc:"It can be heard: switched on, and not blocked by the browser."`
		Take bool   `json:"take,omitempty" doc:"A person wants this device to speak."`
	}
}

type speakOutput struct {
	Body struct {
		Voice
		Speaks bool     `json:"speaks" doc:"The device that asks speaks."`
		Silent []string `json:"silent" doc:"Posts of the store at which nobody speaks now."`
	}
}

func (s *Server) speak(ctx context.Context, in *speakInput) (*speakOutput, error) {
	const op = "api.speak"
	c := who(ctx)
	store, err := s.ownStore(c, in.ID)
	if err != nil {
		return nil, err
	}
	ask := db.VoiceRow{Store: store, Post: in.Body.Post, Holder: "web_" + in.Body.As, Name: c.Name}
	switch {
	case c.device != nil:
		ask.Holder, ask.Name = c.device.ID.String(), c.device.Name
		if in.Body.Take && c.device.PIN && c.unlock == nil {
			return nil, errLocked(op)
		}
	case in.Body.As == "":
		return nil, &fault.Error{Op: op, Code: fault.Invalid, Fields: []fault.Field{fault.Wrong("body.as", fault.Because("field_needed", "is needed"))}}
	default:
		if agent := deviceOf(requestIn(ctx).UserAgent()); agent != "" {
			ask.Name += " · " + agent
		}
	}
	var v db.VoiceRow
	if in.Body.Able {
		v, err = s.db.Speak(ctx, c.Merchant, ask, in.Body.Take)
	} else {
		v, err = s.db.FallSilent(ctx, c.Merchant, store, ask.Post, ask.Holder)
	}
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	rows, err := s.db.Voices(ctx, c.Merchant, store)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	out := &speakOutput{}
	out.Body.Voice = s.voiceOf(v)
	out.Body.Speaks = in.Body.Able && (v.Everybody || v.Holder == ask.Holder && out.Body.Alive)
	out.Body.Silent = []string{}
	for _, post := range []string{"counter", "kitchen", "callout"} {
		alive := false
		for _, r := range rows {
			alive = alive || r.Post == post && r.Alive(s.now())
		}
		if !alive {
			out.Body.Silent = append(out.Body.Silent, post)
		}
	}
	return out, nil
}

type letAllSpeakInput struct {
	ByID
	Body struct {
		Post      string `json:"post" enum:"counter,kitchen,callout"`
		Everybody bool   `json:"everybody"`
	}
}

func (s *Server) letAllSpeak(ctx context.Context, in *letAllSpeakInput) (*struct{}, error) {
	c := who(ctx)
	store, err := s.ownStore(c, in.ID)
	if err != nil {
		return nil, err
	}
	return nil, fault.Wrap("api.letAllSpeak", s.db.LetAllSpeak(ctx, c.Merchant, store, in.Body.Post, in.Body.Everybody))
}
