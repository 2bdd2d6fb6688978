{{/* The port of an address. */}}
{{- define "github-copilot-exporter.port-of" -}}
{{- $url := urlParse . }}
{{- $port := regexFind ":[0-9]+$" $url.host | trimPrefix ":" }}
{{- default (ternary "443" "80" (eq $url.scheme "https")) $port }}
{{- end }}

{{/* Where GitHub is found: the API, and its reports at 443; or the proxy; or both, if some hosts are asked past the proxy. */}}
{{- define "github-copilot-exporter.egress-ports" -}}
{{- $ports := list }}
{{- with .Values.proxy.https }}
{{- $ports = append $ports (include "github-copilot-exporter.port-of" .) }}
{{- end }}
{{- if or (not .Values.proxy.https) .Values.proxy.noProxy }}
{{- $ports = append $ports (include "github-copilot-exporter.port-of" .Values.github.apiUrl) }}
{{- $ports = append $ports "443" }}
{{- end }}
{{- range uniq $ports }}
- {{ . }}
{{- end }}
{{- end }}
