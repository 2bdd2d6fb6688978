{{/* The port of an address. */}}
{{- define "github-copilot-exporter.port-of" -}}
{{- $url := urlParse . }}
{{- $port := regexFind ":[0-9]+$" $url.host | trimPrefix ":" }}
{{- default (ternary "443" "80" (eq $url.scheme "https")) $port }}
{{- end }}

{{/* Where GitHub is found: the API, and its reports at 443; or the proxy. */}}
{{- define "github-copilot-exporter.egress-ports" -}}
{{- if .Values.proxy.https }}
- {{ include "github-copilot-exporter.port-of" .Values.proxy.https }}
{{- else }}
{{- range list (include "github-copilot-exporter.port-of" .Values.github.apiUrl) "443" | uniq }}
- {{ . }}
{{- end }}
{{- end }}
{{- end }}
