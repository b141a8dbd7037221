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

{{/* Another name: the Services and the budget of the release must not take its Pod for a replica. */}}
{{- define "cognito-gate.unwireLabels" -}}
app.kubernetes.io/name: cognito-gate-unwire
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: unwire
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

{{- define "cognito-gate.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default (printf "v%s" .Chart.AppVersion) }}
{{- end -}}
{{- end -}}

{{/* "40s", "5m" or "1h" in seconds */}}
{{- define "cognito-gate.seconds" -}}
{{- $number := regexFind "^[0-9]+" . | int -}}
{{- if hasSuffix "h" . }}{{ mul $number 3600 }}{{ else if hasSuffix "m" . }}{{ mul $number 60 }}{{ else }}{{ $number }}{{ end -}}
{{- end -}}

{{- define "cognito-gate.keyRingName" -}}
{{- .Values.keyRingSecret | default (include "cognito-gate.keyRingSecret" .) -}}
{{- end -}}

{{/* Namespaces of pools besides the release's own, as JSON. */}}
{{- define "cognito-gate.otherPoolNamespaces" -}}
{{- without (.Values.poolNamespaces | uniq) .Release.Namespace | toJson -}}
{{- end -}}

{{/* Whether the values describe a first pool. */}}
{{- define "cognito-gate.hasPool" -}}
{{- if or .Values.pool.userPoolId .Values.pool.clientId }}true{{ end -}}
{{- end -}}

{{/* The Pod security standard "restricted"; 65532 is the image's user. */}}
{{- define "cognito-gate.podSecurityContext" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
seccompProfile: { type: RuntimeDefault }
{{- end -}}

{{- define "cognito-gate.containerSecurityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end -}}

{{/* Says whose a CRD is, where it exists and isn't this release's: helm would refuse the whole release. Empty otherwise. */}}
{{- define "cognito-gate.foreignCrd" -}}
{{- $there := lookup "apiextensions.k8s.io/v1" "CustomResourceDefinition" "" .name -}}
{{- if $there -}}
{{- $annotations := $there.metadata.annotations | default dict -}}
{{- $release := index $annotations "meta.helm.sh/release-name" -}}
{{- $namespace := index $annotations "meta.helm.sh/release-namespace" -}}
{{- $managed := index ($there.metadata.labels | default dict) "app.kubernetes.io/managed-by" -}}
{{- if not (and (eq (toString $managed) "Helm") (eq (toString $release) .root.Release.Name) (eq (toString $namespace) .root.Release.Namespace)) -}}
{{- if $release }}release {{ $namespace }}/{{ $release }}{{ else }}applied without helm{{ end -}}
{{- end -}}
{{- end -}}
{{- end -}}
