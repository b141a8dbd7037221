import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { patientAdmission } from '../../src/controller/patient-admission.ts';
import { admissionBeside, annotationsOf, app, patched, policy, review, shopTarget } from './admission-world.ts';

const authUrl = 'nginx.ingress.kubernetes.io/auth-url';
const never = async (): Promise<void> => assert.fail('waited');

suite('an Ingress that nothing in memory protects', () => {
  const behind = admissionBeside([]);
  const upToDate = admissionBeside([policy('shop', shopTarget)]);

  test('a policy that was stored just before wires it in the same request', async () => {
    let current = behind;
    const asked: string[] = [];
    const patient = patientAdmission(
      { mutate: (value) => current.mutate(value), validate: (value) => current.validate(value) },
      async (namespace) => {
        asked.push(namespace);
        current = upToDate;
      },
    );
    const response = await patient.mutate(review(app()));
    assert.ok(annotationsOf(patched(app(), response))[authUrl]);
    assert.deepEqual(asked, ['shop']);
  });

  test('where it can not be known the review fails: the failure policy of the webhook decides', async () => {
    const patient = patientAdmission(behind, async () => await Promise.reject(new Error('behind')));
    await assert.rejects(async () => await patient.mutate(review(app())), /behind/);
  });

  test('what is wired or refused, an update, and other kinds never wait', async () => {
    assert.ok((await patientAdmission(upToDate, never).mutate(review(app()))).patch);
    const patient = patientAdmission(behind, never);
    assert.equal((await patient.mutate(review(app(), app()))).allowed, true);
    assert.equal((await patient.mutate(review(app({ 'cognito-gate.dev/access': 'Nobody' })))).allowed, false);
    assert.equal((await patient.mutate(review(policy('shop', shopTarget)))).allowed, true);
    assert.equal((await patient.mutate({})).allowed, false);
  });
});
