{{/* What cannot work, or would ask GitHub twice, each refused by the name of the value. */}}
{{- define "github-copilot-exporter.refusals" -}}
{{- include "github-copilot-exporter.refusals.owners" . }}
{{- include "github-copilot-exporter.refusals.credential" . }}
{{- include "github-copilot-exporter.refusals.replicas" . }}
{{- include "github-copilot-exporter.refusals.web" . }}
{{- include "github-copilot-exporter.refusals.monitors" . }}
{{- include "github-copilot-exporter.refusals.extra-env" . }}
{{- end }}

{{/* Whether it is given in ways that only the cluster knows: call with $ and names of variables. */}}
{{- define "github-copilot-exporter.given" -}}
{{- $root := first . }}
{{- if $root.Values.extraEnvFrom }}true{{ end }}
{{- range $root.Values.extraEnv }}
{{- if has .name (rest $) }}true{{ end }}
{{- end }}
{{- end }}

{{- define "github-copilot-exporter.refusals.owners" -}}
{{- $given := include "github-copilot-exporter.given" (list . "GITHUB_ORGS" "GITHUB_ENTERPRISE" "GITHUB_APP_ID") }}
{{- if not (or .Values.github.orgs .Values.github.enterprise .Values.github.app.id $given) }}
{{- fail "github.orgs: nothing to watch: name organisations, or an enterprise in github.enterprise" }}
{{- end }}
{{- end }}

{{- define "github-copilot-exporter.refusals.credential" -}}
{{- $given := include "github-copilot-exporter.given" (list . "GITHUB_TOKEN" "GITHUB_TOKEN_FILE" "GITHUB_APP_ID") }}
{{- with .Values.github }}
{{- if not (or .token.existingSecret .token.value .app.id $given) }}
{{- fail "github.token.existingSecret: no credential: name a Secret with a token, or see github.app" }}
{{- end }}
{{- if and .token.existingSecret .token.value }}
{{- fail "github.token.value: there is github.token.existingSecret: set one of them" }}
{{- end }}
{{- if and .token.perOwner (not .token.existingSecret) }}
{{- fail "github.token.perOwner: needs github.token.existingSecret" }}
{{- end }}
{{- if and .app.existingSecret .app.privateKey }}
{{- fail "github.app.privateKey: there is github.app.existingSecret: set one of them" }}
{{- end }}
{{- if ne (empty .app.id) (and (empty .app.existingSecret) (empty .app.privateKey)) }}
{{- fail "github.app.id: an App is its id and its key: set github.app.id and github.app.existingSecret" }}
{{- end }}
{{- end }}
{{- end }}

{{- define "github-copilot-exporter.refusals.replicas" -}}
{{- if gt (int .Values.replicaCount) 1 }}
{{- if not .Values.allowMoreReplicas }}
{{- fail "replicaCount: each pod asks GitHub for the same, and one is enough; if you want more all the same, set allowMoreReplicas" }}
{{- end }}
{{- if and .Values.state.enabled .Values.state.persistence.enabled }}
{{- fail "state.persistence.enabled: the state is of one pod alone, and replicaCount is more" }}
{{- end }}
{{- end }}
{{- end }}

{{- define "github-copilot-exporter.refusals.web" -}}
{{- with .Values.web }}
{{- if and .tls (not .existingSecret) }}
{{- fail "web.tls: needs web.existingSecret" }}
{{- end }}
{{- if and .certificateSecret (not .tls) }}
{{- fail "web.certificateSecret: needs web.tls" }}
{{- end }}
{{- if and .clientCertificates (not .tls) }}
{{- fail "web.clientCertificates: needs web.tls" }}
{{- end }}
{{- end }}
{{- end }}

{{- define "github-copilot-exporter.refusals.monitors" -}}
{{- if and .Values.serviceMonitor.enabled .Values.podMonitor.enabled }}
{{- fail "podMonitor.enabled: there is a ServiceMonitor, and Prometheus would scrape twice" }}
{{- end }}
{{- $monitored := or .Values.serviceMonitor.enabled .Values.podMonitor.enabled }}
{{- if and $monitored .Values.web.clientCertificates (not .Values.web.client.certificate.existingSecret) }}
{{- fail "web.client.certificate.existingSecret: Prometheus needs a client certificate, for web.clientCertificates is set" }}
{{- end }}
{{- end }}

{{- define "github-copilot-exporter.refusals.extra-env" -}}
{{- $own := dict }}
{{- range include "github-copilot-exporter.env" . | fromYamlArray }}
{{- $_ := set $own .name true }}
{{- end }}
{{- range .Values.extraEnv }}
{{- if hasKey $own .name }}
{{- fail (printf "extraEnv: %s is set by a value of its own" .name) }}
{{- end }}
{{- end }}
{{- end }}
