package hub

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tongdan/tongdan/channel"
)

// meters count what goes in and out. Labels are words of ours and of connectors, never
// of customers.
type meters struct {
	pushes *prometheus.CounterVec
	calls  *prometheus.CounterVec
}

// Meters registers the hub's metrics.
func (h *Hub) Meters(reg prometheus.Registerer) error {
	h.meters.pushes = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "tongdan_pushes_total", Help: "Callbacks of platforms, by channel, message and verdict (0 good, 1 probe, 2 refused).",
	}, []string{"channel", "what", "verdict"})
	h.meters.calls = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "tongdan_platform_calls_total", Help: "Calls to platforms, by channel, kind and outcome.",
	}, []string{"channel", "kind", "outcome"})
	for _, c := range []prometheus.Collector{h.meters.pushes, h.meters.calls} {
		if err := reg.Register(c); err != nil {
			return err
		}
	}
	return nil
}

func (m *meters) pushed(channelName, what string, v channel.Verdict) {
	if m.pushes != nil {
		m.pushes.WithLabelValues(channelName, what, strconv.Itoa(int(v))).Inc()
	}
}

func (m *meters) called(channelName, kind, outcome string) {
	if m.calls != nil {
		m.calls.WithLabelValues(channelName, kind, outcome).Inc()
	}
}
