{{/* A probe of a path: call with $, the path, and more of the probe. Neither path needs a password or asks GitHub. */}}
{{- define "github-copilot-exporter.probe" -}}
{{- $root := first . }}
{{- if $root.Values.web.clientCertificates }}
tcpSocket:
  port: http
{{- else }}
httpGet:
  path: {{ index . 1 }}
  port: http
  scheme: {{ include "github-copilot-exporter.scheme" $root | upper }}
{{- end }}
{{- with last . }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Secrets are mounted as directories: a file by subPath would never change. */}}
{{- define "github-copilot-exporter.mounts" -}}
{{- if include "github-copilot-exporter.token-file" . }}
- name: token
  mountPath: /etc/github-copilot-exporter/token
  readOnly: true
{{- end }}
{{- if .Values.github.app.id }}
- name: app
  mountPath: /etc/github-copilot-exporter/app
  readOnly: true
{{- end }}
{{- if .Values.web.existingSecret }}
- name: web
  mountPath: /etc/github-copilot-exporter/web
  readOnly: true
{{- end }}
{{- if .Values.state.enabled }}
- name: state
  mountPath: {{ .Values.state.path }}
{{- end }}
{{- with .Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "github-copilot-exporter.volumes" -}}
{{- if include "github-copilot-exporter.token-file" . }}
- name: token
  secret:
    secretName: {{ include "github-copilot-exporter.token-secret" . }}
    defaultMode: 0440
    {{- if not .Values.github.token.perOwner }}
    items:
      - key: {{ ternary .Values.github.token.key "token" (ne .Values.github.token.existingSecret "") }}
        path: token
    {{- end }}
{{- end }}
{{- if .Values.github.app.id }}
- name: app
  secret:
    secretName: {{ include "github-copilot-exporter.app-secret" . }}
    defaultMode: 0440
    items:
      - key: {{ ternary .Values.github.app.key "private-key.pem" (ne .Values.github.app.existingSecret "") }}
        path: private-key.pem
{{- end }}
{{- with .Values.web }}
{{- if .existingSecret }}
- name: web
  projected:
    defaultMode: 0440
    sources:
      - secret:
          name: {{ .existingSecret }}
      {{- with .certificateSecret }}
      - secret:
          name: {{ . }}
      {{- end }}
{{- end }}
{{- end }}
{{- if .Values.state.enabled }}
- name: state
  {{- if .Values.state.persistence.enabled }}
  persistentVolumeClaim:
    claimName: {{ include "github-copilot-exporter.claim" . }}
  {{- else }}
  emptyDir:
    sizeLimit: {{ .Values.state.sizeLimit }}
  {{- end }}
{{- end }}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}
