// Published schemas, as files of the modules that define them: of the custom resources that the chart makes, and of compose
// files. Nothing of them is built: `go mod download` fetches them.
module github-copilot-exporter/helm/crds

go 1.26.3

require (
	github.com/compose-spec/compose-go/v2 v2.16.2
	github.com/grafana/grafana-operator/v5 v5.18.0
	github.com/prometheus-operator/prometheus-operator v0.85.0
)
