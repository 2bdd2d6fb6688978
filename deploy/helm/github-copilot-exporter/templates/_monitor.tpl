{{/* How Prometheus scrapes a pod: call with $ and the values of the monitor. */}}
{{- define "github-copilot-exporter.endpoint" -}}
{{- $root := first . }}
{{- $monitor := last . }}
port: http
path: /metrics
scheme: {{ include "github-copilot-exporter.scheme" $root }}
honorLabels: {{ $monitor.honorLabels }}
{{- with $monitor.interval }}
interval: {{ . }}
{{- end }}
{{- with $monitor.scrapeTimeout }}
scrapeTimeout: {{ . }}
{{- end }}
{{- with $root.Values.web.client.basicAuth }}
{{- if .existingSecret }}
basicAuth:
  username:
    name: {{ .existingSecret }}
    key: {{ .usernameKey }}
  password:
    name: {{ .existingSecret }}
    key: {{ .passwordKey }}
{{- end }}
{{- end }}
{{- if $root.Values.web.tls }}
tlsConfig:
  {{- include "github-copilot-exporter.tls" $root | trim | nindent 2 }}
{{- end }}
relabelings:
  {{- if le (int $root.Values.replicaCount) 1 }}
  # The same series before and after a restart. The port's name would take the place of labels of the exporter.
  - action: replace
    targetLabel: instance
    replacement: {{ include "github-copilot-exporter.fullname" $root }}
  - action: labeldrop
    regex: pod|endpoint
  {{- else }}
  # The port's name would take the place of labels of the exporter.
  - action: labeldrop
    regex: endpoint
  {{- end }}
  {{- with $monitor.relabelings }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with $monitor.metricRelabelings }}
metricRelabelings:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "github-copilot-exporter.tls" -}}
{{- with .Values.web.client }}
{{- if .ca.existingSecret }}
serverName: {{ default (include "github-copilot-exporter.host" $) .serverName }}
ca:
  secret:
    name: {{ .ca.existingSecret }}
    key: {{ .ca.key }}
{{- else }}
insecureSkipVerify: true
{{- end }}
{{- if .certificate.existingSecret }}
cert:
  secret:
    name: {{ .certificate.existingSecret }}
    key: {{ .certificate.certKey }}
keySecret:
  name: {{ .certificate.existingSecret }}
  key: {{ .certificate.keyKey }}
{{- end }}
{{- end }}
{{- end }}
