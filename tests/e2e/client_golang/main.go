// An exporter built with client_golang: one metric of every kind that it has, with values that stay
// as they are from start to end. Prints nothing; serves /metrics on the address of its argument.
package main

import (
	"log"
	"net/http"
	"os"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Label values that a careless agent garbles.
var oddValues = []string{
	"plain", "", "with \"quotes\"", "back\\slash", "two\nlines", "höhe", "日本語", "🚿", "a,b=c}", " ",
}

func addCounters(registry *prometheus.Registry) {
	requests := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "shop_requests_total", Help: "Requests, by code.\nWith a second line and a \\.",
	}, []string{"code", "method"})
	registry.MustRegister(requests)
	for i, code := range []string{"200", "404", "500"} {
		requests.WithLabelValues(code, "GET").Add(float64(i*i) + 0.5)
		traced := requests.WithLabelValues(code, "POST").(prometheus.ExemplarAdder)
		traced.AddWithExemplar(1e15+float64(i), prometheus.Labels{"trace_id": "t" + strconv.Itoa(i)})
	}
}

func addGauges(registry *prometheus.Registry) {
	odd := prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "shop_odd_label", Help: "Label values of every kind.",
	}, []string{"value"})
	registry.MustRegister(odd)
	for i, value := range oddValues {
		odd.WithLabelValues(value).Set(float64(i) / 3)
	}
	conflicts := prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "shop_conflicts", Help: "Labels that the target has, too.",
	}, []string{"job", "instance", "exported_job"})
	registry.MustRegister(conflicts)
	conflicts.WithLabelValues("own", "", "taken").Set(1)
	conflicts.WithLabelValues("", "here", "").Set(2)
}

func addSummaries(registry *prometheus.Registry) {
	objectives := map[float64]float64{0.5: 0.05, 0.9: 0.01, 1: 0}
	waits := prometheus.NewSummaryVec(prometheus.SummaryOpts{
		Name: "shop_wait_seconds", Help: "Waiting.", Objectives: objectives,
	}, []string{"queue"})
	registry.MustRegister(waits)
	waits.WithLabelValues("empty") // its quantiles are NaN
	registry.MustRegister(constantSummary{prometheus.NewDesc("shop_fixed_seconds", "Fixed.", nil, nil)})
}

// Quantiles that do not age.
type constantSummary struct{ desc *prometheus.Desc }

func (c constantSummary) Describe(out chan<- *prometheus.Desc) { out <- c.desc }

func (c constantSummary) Collect(out chan<- prometheus.Metric) {
	quantiles := map[float64]float64{0.5: 1, 0.99: 12.25, 1: 1e3}
	out <- prometheus.MustNewConstSummary(c.desc, 17, 1234.5, quantiles)
}

func addHistograms(registry *prometheus.Registry) {
	sizes := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "shop_size_bytes", Help: "Classic buckets.", Buckets: []float64{0.5, 1, 10, 1e6, 1e21},
	}, []string{"kind"})
	// Classic buckets too: whoever asks for text sees those, whoever asks for protobuf both.
	times := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "shop_time_seconds", Help: "Native buckets.", Buckets: []float64{1, 2.5},
		NativeHistogramBucketFactor: 1.1,
	}, []string{"kind"})
	registry.MustRegister(sizes, times)
	for i := 0; i < 100; i++ {
		sizes.WithLabelValues("some").Observe(float64(i * i * i))
		times.WithLabelValues("some").Observe(float64(i) * 0.37)
		times.WithLabelValues("negative").Observe(float64(10-i) * 0.01)
	}
	traced := sizes.WithLabelValues("some").(prometheus.ExemplarObserver)
	traced.ObserveWithExemplar(5, prometheus.Labels{"trace_id": "five"})
	sizes.WithLabelValues("none")
	times.WithLabelValues("none")
}

func main() {
	registry := prometheus.NewRegistry()
	addCounters(registry)
	addGauges(registry)
	addSummaries(registry)
	addHistograms(registry)
	options := promhttp.HandlerOpts{EnableOpenMetrics: true}
	http.Handle("/metrics", promhttp.HandlerFor(registry, options))
	log.Fatal(http.ListenAndServe(os.Args[1], nil))
}
