package db

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// classNames are the labels of the classes; bulk is background too.
var classNames = [...]string{Pushes: "pushes", People: "people", Background: "background"}

// meters count what the writer does. They are there from the start and cost little;
// Meters lets a registry see them.
type meters struct {
	wait    [len(classNames)]prometheus.Observer
	waits   *prometheus.HistogramVec
	batch   prometheus.Histogram
	took    prometheus.Histogram
	entries *prometheus.CounterVec
	bytes   prometheus.Counter
}

func newMeters() *meters {
	m := &meters{
		waits: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "tongdan_db_queue_wait_seconds", Help: "Time that a verb waits for its transaction, by class.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"class"}),
		batch: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "tongdan_db_batch_verbs", Help: "Verbs that one transaction carries out.", Buckets: []float64{1, 2, 4, 8, 16, 32, 64},
		}),
		took: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "tongdan_db_commit_seconds", Help: "Time of a transaction: load, decide, save and commit.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}),
		entries: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tongdan_journal_entries_total", Help: "Lines written into the journal, by direction.",
		}, []string{"direction"}),
		bytes: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "tongdan_journal_bytes_total", Help: "Bytes of bodies written into the journal, compressed.",
		}),
	}
	for c, name := range classNames {
		m.wait[c] = m.waits.WithLabelValues(name)
	}
	return m
}

// batched counts one transaction and the waits of its verbs.
func (m *meters) batched(jobs []*job, began, ended time.Time) {
	m.batch.Observe(float64(len(jobs)))
	m.took.Observe(ended.Sub(began).Seconds())
	for _, j := range jobs {
		m.wait[min(max(j.verb.Class, Pushes), Background)].Observe(began.Sub(j.added).Seconds())
	}
}

func (m *meters) journalled(list []*entryState) {
	for _, e := range list {
		m.entries.WithLabelValues(string(e.e.Direction)).Inc()
		m.bytes.Add(float64(len(e.body.zip) + len(e.answer)))
	}
}

// Meters registers the metrics of this opening of the database.
func (d *DB) Meters(reg prometheus.Registerer) error {
	m := d.meters
	for _, c := range []prometheus.Collector{m.waits, m.batch, m.took, m.entries, m.bytes, queueMeter{d.queue}} {
		if err := reg.Register(c); err != nil {
			return err
		}
	}
	return nil
}

// queueMeter tells what waits for the writer at the moment.
type queueMeter struct{ q *queue }

var (
	queueVerbs  = prometheus.NewDesc("tongdan_db_queue_verbs", "Verbs that wait for the writer, by class.", []string{"class"}, nil)
	queueOldest = prometheus.NewDesc("tongdan_db_queue_oldest_seconds", "How long the oldest of them has waited, by class.", []string{"class"}, nil)
	queueBytes  = prometheus.NewDesc("tongdan_db_queue_bytes", "Bytes of all that waits; at 64 MiB pushes are refused, background work before.", nil, nil)
)

// Describe implements prometheus.Collector.
func (queueMeter) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{queueVerbs, queueOldest, queueBytes} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (m queueMeter) Collect(out chan<- prometheus.Metric) {
	list, bytes := m.q.waiting(time.Now())
	for c, w := range list {
		out <- prometheus.MustNewConstMetric(queueVerbs, prometheus.GaugeValue, float64(w.N), classNames[c])
		out <- prometheus.MustNewConstMetric(queueOldest, prometheus.GaugeValue, w.Oldest.Seconds(), classNames[c])
	}
	out <- prometheus.MustNewConstMetric(queueBytes, prometheus.GaugeValue, float64(bytes))
}
