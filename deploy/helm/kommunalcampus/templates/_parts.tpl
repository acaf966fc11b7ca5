{{/* The name of everything: the release, and what it is. */}}
{{- define "campus.name" -}}
{{ printf "%s-%s" .root.Release.Name .name | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "campus.selector" -}}
app.kubernetes.io/name: {{ .name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- end }}

{{- define "campus.labels" -}}
{{ include "campus.selector" . }}
app.kubernetes.io/part-of: kommunalcampus
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end }}

{{- define "campus.image" -}}
{{ .root.Values.image.repository }}/{{ .name }}:{{ .root.Values.image.tag | default .root.Chart.AppVersion }}
{{- end }}

{{/* What every pod is: no token of the cluster, no root, no variables of other services. */}}
{{- define "campus.pod" -}}
automountServiceAccountToken: false
# a Service called "kc" would otherwise set KC_PORT
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  seccompProfile: {type: RuntimeDefault}
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- with .root.Values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "campus.container" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
{{- end }}

{{- define "campus.spread" -}}
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: kubernetes.io/hostname
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels: {{- include "campus.selector" . | nindent 8 }}
{{- end }}

{{/* The variables of a service: what all are told, its own, and references to secrets. */}}
{{- define "campus.env" -}}
{{- $values := .root.Values }}
{{- $all := dict
  "KC_PORT" "8000"
  "KC_PUBLIC_URL" $values.publicUrl
  "KC_ISSUER" $values.identity.issuer
  "KC_JWKS_URL" $values.identity.jwksUrl
  "KC_AUDIENCE" $values.identity.audience
  "KC_KAFKA" $values.kafka.bootstrapServers
  "KC_KAFKA_SECURITY" $values.kafka.security
  "KC_KAFKA_MECHANISM" $values.kafka.mechanism
  "KC_KAFKA_REPLICAS" (toString $values.kafka.replicas)
  "KC_PLAINTEXT" (concat $values.plaintext (.service.plaintext | default list) | uniq | join ",")
  "KC_MIGRATE" (ternary "false" "true" $values.migrations.enabled)
  "KC_LEAVING_MS" "5000"
}}
{{- if eq .name "portal" }}
{{- $_ := set $all "KC_API_URL" (printf "http://%s" (include "campus.name" (dict "root" .root "name" "gateway"))) }}
{{- end }}
{{- if and (eq .name "portal") $values.monitoring.prometheusUrl }}
{{- $_ := set $all "KC_PROMETHEUS_URL" $values.monitoring.prometheusUrl }}
{{- end }}
{{- if $values.kafka.caSecret }}
{{- $_ := set $all "KC_KAFKA_CA" "/etc/kommunalcampus/kafka/ca.crt" }}
{{- end }}
{{- if $values.database.caSecret }}
{{- $_ := set $all "PGSSLROOTCERT" "/etc/kommunalcampus/database/ca.crt" }}
{{- end }}
{{- range $name, $value := mergeOverwrite $all (deepCopy $values.env) (deepCopy .service.env) }}
- name: {{ $name }}
  value: {{ $value | toString | quote }}
{{- end }}
{{- range $name, $secret := .service.secrets }}
- name: {{ $name }}
  valueFrom:
    secretKeyRef: {name: {{ $secret.name }}, key: {{ $secret.key }}}
{{- end }}
{{- end }}

{{- define "campus.mounts" -}}
- {name: tmp, mountPath: /tmp}
{{- if .root.Values.kafka.caSecret }}
- {name: kafka-ca, mountPath: /etc/kommunalcampus/kafka, readOnly: true}
{{- end }}
{{- if .root.Values.database.caSecret }}
- {name: database-ca, mountPath: /etc/kommunalcampus/database, readOnly: true}
{{- end }}
{{- end }}

{{- define "campus.volumes" -}}
- name: tmp
  emptyDir: {medium: Memory, sizeLimit: 32Mi}
{{- with .root.Values.kafka.caSecret }}
- name: kafka-ca
  secret: {secretName: {{ . }}}
{{- end }}
{{- with .root.Values.database.caSecret }}
- name: database-ca
  secret: {secretName: {{ . }}}
{{- end }}
{{- end }}
