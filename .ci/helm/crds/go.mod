// The published schemas of the custom resources that the chart makes, as files of the modules that define them. Nothing of
// them is built: `go mod download` fetches them.
module github-copilot-exporter/helm/crds

go 1.26.3

require (
	github.com/grafana/grafana-operator/v5 v5.18.0
	github.com/prometheus-operator/prometheus-operator v0.85.0
)
