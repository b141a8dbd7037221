{{/* The configuration file of the program (src/config.ts). */}}
{{- define "cognito-gate.configuration" -}}
{{- $full := include "cognito-gate.fullname" . }}
{{- $namespace := .Release.Namespace }}
{{- $any := .Values.listenAddress }}
{{- $config := dict
  "signInHost" .Values.signInHost
  "publicPort" (int .Values.publicPort)
  "prefix" .Values.prefix
  "poolNamespaces" (concat (list $namespace) (include "cognito-gate.otherPoolNamespaces" . | fromJsonArray))
  "source" (dict "cluster" (dict "namespaces" .Values.namespaces))
  "controllerName" .Values.controllerName
  "release" (dict "namespace" $namespace "name" .Release.Name "owner" (dict "apiVersion" "apps/v1" "kind" "Deployment" "name" $full))
  "decisionsAddress" (include "cognito-gate.decisionsAddress" .)
  "signInService" (dict "name" (include "cognito-gate.signInService" .) "port" (int .Values.signIn.service.port))
  "companions" .Values.companions
  "onPolicyGone" .Values.onPolicyGone
  "sharedHosts" .Values.sharedHosts
  "ingressControllers" .Values.ingressControllers
  "keyRingSecret" (printf "%s/%s" $namespace (include "cognito-gate.keyRingName" .))
  "clientAddress" .Values.clientAddress
  "acmeChallenges" .Values.acmeChallenges
  "listen" (dict "decisions" (printf "%s:8080" $any) "signIn" (printf "%s:8081" $any) "operations" (printf "%s:9090" $any))
  "shutdownDelay" .Values.shutdownDelay
  "log" .Values.log
}}
{{- if .Values.keyRing.rotation.every }}{{ $_ := set $config "keyRingRotation" .Values.keyRing.rotation }}{{ end }}
{{- with .Values.store.redis }}
{{- if .urls }}
{{- $redis := pick . "urls" "cluster" "keyPrefix" "unreachableFor" }}
{{- $_ := set $redis "database" (int .database) }}
{{- if .username }}{{ $_ := set $redis "username" .username }}{{ end }}
{{- if .existingSecret }}{{ $_ := set $redis "passwordFile" (printf "/etc/cognito-gate-redis/%s" .passwordKey) }}{{ end }}
{{- if .caSecret }}{{ $_ := set $redis "caFile" "/etc/cognito-gate-redis-ca/ca.crt" }}{{ end }}
{{- $_ := set $config "store" (dict "redis" $redis) }}
{{- end }}
{{- end }}
{{- if .Values.probeApps }}{{ $_ := set $config "probeApps" .Values.probeApps }}{{ end }}
{{- if .Values.contact }}{{ $_ := set $config "contact" .Values.contact }}{{ end }}
{{- if or .Values.extraCa.configMap .Values.extraCa.secret }}
{{- $_ := set $config "extraCaFile" (printf "/etc/cognito-gate-ca/%s" .Values.extraCa.key) }}
{{- end }}
{{- $first := "" }}
{{- if include "cognito-gate.hasPool" . }}
{{- $spec := omit .Values.pool "name" "clientSecret" }}
{{- if not $spec.domain }}{{ $spec = omit $spec "domain" }}{{ end }}
{{- if .Values.pool.clientSecret }}
{{- $_ := set $spec "clientSecretRef" (dict "name" (include "cognito-gate.poolSecret" .) "key" "clientSecret") }}
{{- end }}
{{- $_ := set $config "pools" (list (dict "name" .Values.pool.name "spec" $spec)) }}
{{- $first = printf "%s/%s" $namespace .Values.pool.name }}
{{- end }}
{{- $_ := set $config "defaultPool" (.Values.defaultPool | default $first) }}
{{- if .Values.webhook.enabled }}
{{- $webhook := dict "listen" (printf "%s:%d" $any (int .Values.webhook.port)) }}
{{- if .Values.webhook.certManager.enabled }}
{{- $_ := set $webhook "certificate" (dict "folder" "/etc/cognito-gate-webhook") }}
{{- else }}
{{- $name := printf "%s.%s.svc" (include "cognito-gate.webhookService" .) $namespace }}
{{- if .Values.webhook.url }}{{ $name = (urlParse .Values.webhook.url).hostname }}{{ end }}
{{- $_ := set $webhook "certificate" (dict "secret" (include "cognito-gate.webhookSecret" .) "dnsNames" (list $name)) }}
{{- $_ := set $webhook "configurations" (dict "mutating" $full "validating" $full) }}
{{- end }}
{{- $_ := set $config "webhook" $webhook }}
{{- end }}
{{- toYaml $config }}
{{- end }}
