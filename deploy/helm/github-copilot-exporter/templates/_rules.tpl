{{/* A number as PromQL reads it. */}}
{{- define "github-copilot-exporter.number" -}}
{{- if eq (floor .) (float64 .) }}{{ int64 . }}{{ else }}{{ . }}{{ end }}
{{- end }}

{{/* The expression of an alert with the thresholds of the values: call with $ and the alert. */}}
{{- define "github-copilot-exporter.expression" -}}
{{- $root := first . }}
{{- $alert := last . }}
{{- $expression := $alert.expr }}
{{- $thresholds := $root.Files.Get "files/thresholds.yaml" | fromYaml }}
{{- range $name, $threshold := dig $alert.alert dict $thresholds }}
{{- $number := index $root.Values.prometheusRule.alerts $alert.alert $name }}
{{- if $threshold.settles }}
{{- $number = add $number $root.Values.exporter.settleDays }}
{{- end }}
{{- $before := $threshold.at | replace "N" (include "github-copilot-exporter.number" $threshold.default) }}
{{- $after := $threshold.at | replace "N" (include "github-copilot-exporter.number" $number) }}
{{- if not (contains $before $expression) }}
{{- fail (printf "files/thresholds.yaml: %s has no %q" $alert.alert $before) }}
{{- end }}
{{- $expression = $expression | replace $before $after }}
{{- end }}
{{- toYaml (dict "expr" $expression) }}
{{- end }}

{{/* An alert as the values want it: call with $ and the alert. Nothing if it is not wanted. */}}
{{- define "github-copilot-exporter.alert" -}}
{{- $root := first . }}
{{- $alert := last . }}
{{- $values := $root.Values.prometheusRule }}
{{- $wanted := required (printf "prometheusRule.alerts.%s: missing" $alert.alert) (get $values.alerts $alert.alert) }}
{{- if $wanted.enabled }}
{{- $runbook := $alert.annotations.runbook_url }}
{{- if $values.runbookUrl }}
{{- $runbook = printf "%s#%s" $values.runbookUrl (splitList "#" $runbook | last) }}
{{- end }}
{{- toYaml (mergeOverwrite (deepCopy $alert)
  (include "github-copilot-exporter.expression" . | fromYaml)
  (dict
    "for" $wanted.for
    "labels" (merge (dict "severity" $wanted.severity) $values.additionalLabels $alert.labels)
    "annotations" (dict "runbook_url" $runbook)
  )
) }}
{{- end }}
{{- end }}

{{/* The groups of the files, without rules that are not wanted. */}}
{{- define "github-copilot-exporter.groups" -}}
{{- $groups := list }}
{{- range $path, $_ := .Files.Glob "files/rules/*.yaml" }}
{{- range $group := ($.Files.Get $path | fromYaml).groups }}
{{- $rules := list }}
{{- range .rules }}
{{- if .alert }}
{{- with include "github-copilot-exporter.alert" (list $ .) | fromYaml }}
{{- $rules = append $rules . }}
{{- end }}
{{- else if $.Values.prometheusRule.recordingRules }}
{{- $rules = append $rules . }}
{{- end }}
{{- end }}
{{- with $rules }}
{{- $groups = append $groups (dict "name" $group.name "rules" .) }}
{{- end }}
{{- end }}
{{- end }}
{{- toYaml $groups }}
{{- end }}
