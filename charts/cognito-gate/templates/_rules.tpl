{{/* What is watched and written back where apps live: in the cluster, or in each of the values' namespaces. */}}
{{- define "cognito-gate.watchRules" -}}
- apiGroups: [networking.k8s.io]
  resources: [ingresses]
  verbs: [get, list, watch, patch]
- apiGroups: [cognito-gate.dev]
  resources: [accesspolicies]
  verbs: [list, watch]
- apiGroups: [cognito-gate.dev]
  resources: [accesspolicies/status]
  verbs: [patch]
{{- end -}}

{{/* Pools and what ends their sign-ins are watched outside of the pool namespaces too: there one is a mistake that must be seen. */}}
{{- define "cognito-gate.poolRules" -}}
- apiGroups: [cognito-gate.dev]
  resources: [cognitopools]
  verbs: [list, watch]
# Deleted when they have been kept as long as they say.
- apiGroups: [cognito-gate.dev]
  resources: [sessionrevocations]
  verbs: [list, watch, delete]
- apiGroups: [cognito-gate.dev]
  resources: [cognitopools/status, sessionrevocations/status]
  verbs: [patch]
{{- end -}}

{{/* Where pools are: their client secrets. */}}
{{- define "cognito-gate.secretRules" -}}
- apiGroups: [""]
  resources: [secrets]
  verbs: [list, watch]
{{- end -}}

{{/* In the release's own namespace. */}}
{{- define "cognito-gate.ownRules" -}}
# Companions: the sign-in paths of app hosts.
- apiGroups: [networking.k8s.io]
  resources: [ingresses]
  verbs: [create, patch, delete]
# Key ring and serving certificate. A creation has no name yet that a rule could name.
- apiGroups: [""]
  resources: [secrets]
  verbs: [create]
{{- if .Values.keyRing.rotation.every }}
- apiGroups: [""]
  resources: [secrets]
  resourceNames: [{{ include "cognito-gate.keyRingName" . }}]
  verbs: [patch]
{{- end }}
{{- if and .Values.webhook.enabled (not .Values.webhook.certManager.enabled) }}
- apiGroups: [""]
  resources: [secrets]
  resourceNames: [{{ include "cognito-gate.webhookSecret" . }}]
  verbs: [patch]
{{- end }}
# What each replica tells the others.
- apiGroups: [""]
  resources: [configmaps]
  verbs: [list, watch, create, patch, delete]
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  verbs: [get, list, watch, create, update, delete]
# Whose owner reference companions carry.
- apiGroups: [apps]
  resources: [deployments]
  resourceNames: [{{ include "cognito-gate.fullname" . }}]
  verbs: [get]
{{- end -}}
