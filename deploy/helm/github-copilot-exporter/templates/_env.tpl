{{/* The environment that the values stand for. Nothing secret is in it: secrets are files, which are read again. */}}
{{- define "github-copilot-exporter.env" -}}
{{- $pairs := list
  (list "GITHUB_TOKEN_FILE" (include "github-copilot-exporter.token-file" .))
  (list "GITHUB_APP_ID" .Values.github.app.id)
  (list "GITHUB_APP_PRIVATE_KEY_FILE" (ternary "/etc/github-copilot-exporter/app/private-key.pem" "" (ne .Values.github.app.id "")))
  (list "GITHUB_ORGS" (join "," .Values.github.orgs))
  (list "GITHUB_ENTERPRISE" .Values.github.enterprise)
  (list "GITHUB_TEAMS" (join "," .Values.github.teams))
  (list "GITHUB_COPILOT_API" .Values.github.copilotApi)
  (list "GITHUB_API_URL" .Values.github.apiUrl)
  (list "GITHUB_DOWNLOAD_HOSTS" (join "," .Values.github.downloadHosts))
  (list "GITHUB_CONCURRENCY" (int64 .Values.github.concurrency))
  (list "GITHUB_TIMEOUT" .Values.github.timeout)
  (list "EXPORTER_SOURCES" (join "," .Values.exporter.sources))
  (list "EXPORTER_LISTEN_ADDRESS" .Values.exporter.listenAddress)
  (list "EXPORTER_WEB_CONFIG_FILE" (ternary (printf "/etc/github-copilot-exporter/web/%s" .Values.web.key) "" (ne .Values.web.existingSecret "")))
  (list "EXPORTER_REFRESH_INTERVAL" .Values.exporter.refreshInterval)
  (list "EXPORTER_HISTORY_DAYS" (int64 .Values.exporter.historyDays))
  (list "EXPORTER_SETTLE_DAYS" (int64 .Values.exporter.settleDays))
  (list "EXPORTER_TEAM_DETAIL" .Values.exporter.teamDetail)
  (list "EXPORTER_MAX_LABEL_VALUES" (int64 .Values.exporter.maxLabelValues))
  (list "EXPORTER_MAX_SERIES" (int64 .Values.exporter.maxSeries))
  (list "EXPORTER_STATE_DIR" (ternary .Values.state.path "" .Values.state.enabled))
  (list "EXPORTER_LOG_LEVEL" .Values.exporter.logLevel)
  (list "EXPORTER_LOG_FORMAT" .Values.exporter.logFormat)
  (list "HTTPS_PROXY" .Values.proxy.https)
  (list "NO_PROXY" .Values.proxy.noProxy)
}}
{{- range $pairs }}
{{- $value := last . | toString }}
{{- if $value }}
- name: {{ first . }}
  value: {{ $value | quote }}
{{- end }}
{{- end }}
{{- end }}

{{- define "github-copilot-exporter.token-file" -}}
{{- with .Values.github.token }}
{{- if or .existingSecret .value }}
{{- printf "/etc/github-copilot-exporter/token/%s" (ternary "{owner}" "token" .perOwner) }}
{{- end }}
{{- end }}
{{- end }}
