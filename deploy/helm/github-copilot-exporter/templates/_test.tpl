{{/* Whether helm test can get in. */}}
{{- define "github-copilot-exporter.tested" -}}
{{- $shut := and .Values.web.clientCertificates (not .Values.web.client.certificate.existingSecret) }}
{{- if and .Values.test.enabled (not $shut) }}true{{ end }}
{{- end }}

{{- define "github-copilot-exporter.test-selector" -}}
app.kubernetes.io/name: {{ include "github-copilot-exporter.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: test
{{- end }}

{{/* With the name in the certificate, if it is verified. */}}
{{- define "github-copilot-exporter.test-url" -}}
{{- $host := include "github-copilot-exporter.host" . }}
{{- with .Values.web.client }}
{{- if and .ca.existingSecret .serverName }}
{{- $host = .serverName }}
{{- end }}
{{- end }}
{{- printf "%s://%s:%d" (include "github-copilot-exporter.scheme" .) $host (int .Values.service.port) }}
{{- end }}
