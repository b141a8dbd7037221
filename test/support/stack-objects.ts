function app(name: string, host: string): string {
  return `
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: ${name}, namespace: ${name}, annotations: { cognito-gate.dev/policy: ${name} } }
spec:
  ingressClassName: nginx
  rules:
    - host: ${host}
      http: { paths: [{ path: /, pathType: Prefix, backend: { service: { name: ${name}, port: { number: 80 } } } }] }
---
apiVersion: cognito-gate.dev/v1alpha1
kind: AccessPolicy
metadata: { name: ${name}, namespace: ${name} }
spec:
  deny: [{ groups: [suspended] }]
  rules:
    - name: health
      match: { paths: [{ type: Exact, value: /healthz }], methods: [GET, HEAD] }
      access: Public
    - name: admin
      match: { paths: [{ type: PathPrefix, value: /admin }] }
      allow: [{ groups: [admins] }]
    - name: everyone-else
      allow: [{ groups: [staff, admins] }]
`;
}

/** The demo's rules, for both apps. */
export const shopAndWiki = `${app('shop', 'shop.acme.localhost')}---\n${app('wiki', 'wiki.example.localhost')}`;

/** The same with pages of both apps that want a sign-in no older than a few seconds. */
export function withPayroll(apps: string, maxAuthAge: string): string {
  const rule = `    - name: payroll
      match: { paths: [{ type: PathPrefix, value: /payroll }] }
      access: SignedIn
      maxAuthAge: ${maxAuthAge}
`;
  return apps.replaceAll('    - name: everyone-else\n', `${rule}    - name: everyone-else\n`);
}
