{{- define "github-copilot-exporter.selector" -}}
app.kubernetes.io/name: {{ include "github-copilot-exporter.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: exporter
{{- end }}

{{/* The labels of an object: call with $ and maps of more. */}}
{{- define "github-copilot-exporter.labels" -}}
{{- $root := first . }}
{{- $labels := dict
  "helm.sh/chart" (printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-")
  "app.kubernetes.io/name" (include "github-copilot-exporter.name" $root)
  "app.kubernetes.io/instance" $root.Release.Name
  "app.kubernetes.io/version" $root.Chart.AppVersion
  "app.kubernetes.io/managed-by" $root.Release.Service
}}
{{- range concat (list $root.Values.commonLabels) (rest .) }}
{{- $labels = mergeOverwrite $labels (default dict .) }}
{{- end }}
{{- toYaml $labels }}
{{- end }}

{{/* Those of the pod: without versions, so that a new version of the chart alone starts no new pod. */}}
{{- define "github-copilot-exporter.pod-labels" -}}
{{- $own := include "github-copilot-exporter.selector" . | fromYaml }}
{{- mergeOverwrite (dict) (default dict .Values.commonLabels) (default dict .Values.podLabels) $own | toYaml }}
{{- end }}

{{/* The annotations of an object, with their key, if there are any: call with $ and maps of more. */}}
{{- define "github-copilot-exporter.annotations" -}}
{{- $annotations := dict }}
{{- range concat (list (first .).Values.commonAnnotations) (rest .) }}
{{- $annotations = mergeOverwrite $annotations (default dict .) }}
{{- end }}
{{- with $annotations -}}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
