import { X509Certificate } from 'node:crypto';
import type { Leading } from './cluster-leading.ts';
import type { Cluster } from './cluster-source.ts';
import { createAdmission } from './controller/admission.ts';
import type { Admission } from './controller/admission.ts';
import { createCertificateFolder } from './controller/certificate-folder.ts';
import { patientAdmission } from './controller/patient-admission.ts';
import { createServingCertificate } from './controller/serving-certificate.ts';
import type { ServingCertificate } from './controller/serving-certificate.ts';
import { createWebhookConfigurations } from './controller/webhook-configurations.ts';
import { createAdmissionServer } from './http/admission.ts';
import { addressOf } from './listen.ts';
import { StartError } from './start-error.ts';
import { routeId } from './translate/route-id.ts';

/** The webhook that wires an Ingress in the very request that makes it. */
export interface AdmissionPort {
  missing(): string | undefined;
  /** What the leader keeps of it may have to be looked at: called when leading begins. */
  check(): void;
  run(): Promise<void>;
}

type Webhook = Exclude<Cluster['in']['webhook'], undefined>;

const none: AdmissionPort = { missing: () => undefined, check: () => undefined, run: async () => undefined };

/** `onChange`: what is missing may be there now. */
export function startAdmission(
  cluster: Cluster,
  leading: Pick<Leading, 'leading'>,
  onChange: () => void,
): AdmissionPort {
  const { webhook } = cluster.in;
  return webhook === undefined ? none : openPort(webhook, cluster, { ...leading, onChange });
}

function openPort(
  webhook: Webhook,
  cluster: Cluster,
  { leading, onChange }: Pick<Leading, 'leading'> & { onChange(): void },
): AdmissionPort {
  const { log, metrics, client, signal, config } = cluster;
  const certificate = certificateOf(webhook, cluster, leading);
  const configurations =
    webhook.configurations === undefined
      ? undefined
      : createWebhookConfigurations({
          client,
          names: webhook.configurations,
          bundle: () => certificate.current()?.ca,
          leading,
          now: Date.now,
          random: Math.random,
          log,
          onWrite: (kind, outcome) => metrics.count('cognito_gate_writes_total', kind, outcome),
          fieldManager: `cognito-gate/${config.controllerName}`,
        });
  certificate.onChange(() => {
    configurations?.check();
    onChange();
  });
  metrics.onScrape(() => {
    const served = certificate.current();
    if (served === undefined) return;
    const until = Date.parse(new X509Certificate(served.cert).validTo);
    metrics.set('cognito_gate_serving_certificate_expiry_seconds', (until - Date.now()) / 1000);
  });
  const server = createAdmissionServer({
    admission: patientAdmission(admissionOf(cluster), cluster.objects.policiesCaughtUp),
    certificate: certificate.current,
    onCertificate: certificate.onChange,
    observe: (name, outcome) => metrics.count('cognito_gate_admission_requests_total', name, outcome),
    failed: (error) => log.error({ err: error }, 'an admission review failed and was refused'),
    clock: () => performance.now() / 1000,
  });
  return {
    missing: () => (certificate.current() === undefined ? 'the certificate of the webhook is not there' : undefined),
    check: () => configurations?.check(),
    run: async () => {
      const listening = server.listen(addressOf(webhook.listen)).catch((error: unknown) => {
        throw new StartError(`webhook.listen: can't listen on ${webhook.listen}`, { cause: error });
      });
      await Promise.all([listening, certificate.run(signal), configurations?.run(signal)]);
      await server.close();
    },
  };
}

function admissionOf({ inForce, objects, config, in: settings }: Cluster): Admission {
  return createAdmission({
    dryRun: () => (objects.unsynced().length > 0 ? undefined : inForce.translation()?.dryRun),
    install: { decisionsAddress: settings.decisionsAddress, publicPort: config.publicPort, prefix: config.prefix },
    controllerName: config.controllerName,
    routeId,
    namespaceLabels: (name) =>
      objects.objects('Namespace').find(({ metadata }) => metadata.name === name)?.metadata.labels,
  });
}

function certificateOf({ certificate }: Webhook, cluster: Cluster, leading: () => boolean): ServingCertificate {
  const { log, client, config, in: settings } = cluster;
  if (certificate.folder !== undefined) return createCertificateFolder({ folder: certificate.folder, log });
  return createServingCertificate({
    client,
    namespace: settings.release.namespace,
    secretName: certificate.secret ?? '',
    dnsNames: certificate.dnsNames,
    now: Date.now,
    random: Math.random,
    leading,
    log,
    fieldManager: `cognito-gate/${config.controllerName}`,
  });
}
