{{- define "github-copilot-exporter.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "github-copilot-exporter.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" }}
{{- else }}
{{- $name := include "github-copilot-exporter.name" . }}
{{- ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) | trunc 63 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{/* The name of an object beside the main ones: call with (list $ "suffix"). */}}
{{- define "github-copilot-exporter.name-with" -}}
{{- $suffix := last . }}
{{- printf "%s-%s" (include "github-copilot-exporter.fullname" (first .) | trunc (sub 62 (len $suffix) | int) | trimSuffix "-") $suffix }}
{{- end }}

{{- define "github-copilot-exporter.service-account" -}}
{{- $own := ternary (include "github-copilot-exporter.fullname" .) "default" .Values.serviceAccount.create }}
{{- default $own .Values.serviceAccount.name }}
{{- end }}

{{- define "github-copilot-exporter.credentials" -}}
{{- include "github-copilot-exporter.name-with" (list . "credentials") }}
{{- end }}

{{- define "github-copilot-exporter.token-secret" -}}
{{- default (include "github-copilot-exporter.credentials" .) .Values.github.token.existingSecret }}
{{- end }}

{{- define "github-copilot-exporter.app-secret" -}}
{{- default (include "github-copilot-exporter.credentials" .) .Values.github.app.existingSecret }}
{{- end }}

{{- define "github-copilot-exporter.claim" -}}
{{- default (include "github-copilot-exporter.name-with" (list . "state")) .Values.state.persistence.existingClaim }}
{{- end }}

{{/* Call with the value of an image and what is its tag by default. */}}
{{- define "github-copilot-exporter.image" -}}
{{- $image := first . }}
{{- if $image.digest }}
{{- printf "%s@%s" $image.repository $image.digest }}
{{- else }}
{{- printf "%s:%s" $image.repository (default (last .) $image.tag) }}
{{- end }}
{{- end }}

{{- define "github-copilot-exporter.port" -}}
{{- regexFind "[0-9]+$" .Values.exporter.listenAddress }}
{{- end }}

{{- define "github-copilot-exporter.scheme" -}}
{{- ternary "https" "http" .Values.web.tls }}
{{- end }}

{{/* The name that the exporter has within the cluster. */}}
{{- define "github-copilot-exporter.host" -}}
{{- printf "%s.%s.svc" (include "github-copilot-exporter.fullname" .) .Release.Namespace }}
{{- end }}
