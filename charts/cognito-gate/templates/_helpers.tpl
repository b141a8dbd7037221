{{/* Name of the release's objects: short where the release already says what it is. 48 leaves room for the longest suffix. */}}
{{- define "cognito-gate.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 48 | trimSuffix "-" -}}
{{- else if contains "cognito-gate" .Release.Name -}}
{{- .Release.Name | trunc 48 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-cognito-gate" (.Release.Name | trunc 35 | trimSuffix "-") -}}
{{- end -}}
{{- end -}}

{{/* What never changes over a release's life. */}}
{{- define "cognito-gate.selectorLabels" -}}
app.kubernetes.io/name: cognito-gate
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "cognito-gate.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{ include "cognito-gate.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/part-of: cognito-gate
{{- end -}}

{{- define "cognito-gate.serviceAccountName" -}}
{{- .Values.serviceAccount.name | default (include "cognito-gate.fullname" .) -}}
{{- end -}}

{{- define "cognito-gate.decisionsService" -}}{{ include "cognito-gate.fullname" . }}-decisions{{- end -}}
{{- define "cognito-gate.signInService" -}}{{ include "cognito-gate.fullname" . }}-sign-in{{- end -}}
{{- define "cognito-gate.webhookService" -}}{{ include "cognito-gate.fullname" . }}-webhook{{- end -}}
{{- define "cognito-gate.operationsService" -}}{{ include "cognito-gate.fullname" . }}-operations{{- end -}}
{{- define "cognito-gate.configMap" -}}{{ include "cognito-gate.fullname" . }}-config{{- end -}}
{{- define "cognito-gate.keyRingSecret" -}}{{ include "cognito-gate.fullname" . }}-key-ring{{- end -}}
{{- define "cognito-gate.webhookSecret" -}}{{ include "cognito-gate.fullname" . }}-webhook-tls{{- end -}}
{{- define "cognito-gate.poolSecret" -}}{{ include "cognito-gate.fullname" . }}-pool{{- end -}}

{{/* host:port that proxies ask; what stands before /nginx/ in auth-url. */}}
{{- define "cognito-gate.decisionsAddress" -}}
{{- .Values.decisions.address | default (printf "%s.%s.svc.%s:8080" (include "cognito-gate.decisionsService" .) .Release.Namespace .Values.clusterDomain) -}}
{{- end -}}

{{/* clientConfig of a webhook, without caBundle (the controller, or cert-manager, fills it in). In: dict "root" $ "path" "/mutate" */}}
{{- define "cognito-gate.webhookClientConfig" -}}
{{- if .root.Values.webhook.url -}}
url: {{ printf "%s%s" (.root.Values.webhook.url | trimSuffix "/") .path | quote }}
{{- else -}}
service:
  name: {{ include "cognito-gate.webhookService" .root }}
  namespace: {{ .root.Release.Namespace }}
  port: 443
  path: {{ .path }}
{{- end -}}
{{- end -}}

{{/* user name of our own ServiceAccount, for match conditions that let our own writes through */}}
{{- define "cognito-gate.username" -}}
system:serviceaccount:{{ .Release.Namespace }}:{{ include "cognito-gate.serviceAccountName" . }}
{{- end -}}
