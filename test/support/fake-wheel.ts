import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { sha256File } from '../../src/system/files/files.js';
import type { Wheel } from '../../src/system/install/wheel.js';

const PACK = `
import json, sys, zipfile
out, files = sys.argv[1], json.loads(sys.argv[2])
with zipfile.ZipFile(out, 'w') as archive:
    for name, text in files.items():
        member = zipfile.ZipInfo(name)
        member.external_attr = (0o755 if '/bin/' in name else 0o644) << 16
        archive.writestr(member, text)
`;

/**
 * Writes a wheel with these members into `folder`; members under a `bin/` are executable. pip
 * accepts it for any platform.
 */
export async function makeWheel(folder: string, project: string, members: Record<string, string>): Promise<Wheel> {
  const name = project.replaceAll('-', '_');
  const info = `${name}-1.0.dist-info`;
  const file = path.join(folder, `${name}-1.0-py3-none-any.whl`);
  const files = {
    ...members,
    [`${info}/METADATA`]: `Metadata-Version: 2.1\nName: ${project}\nVersion: 1.0\n`,
    [`${info}/WHEEL`]: 'Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n',
    [`${info}/RECORD`]: '',
  };
  execFileSync('python3', ['-c', PACK, file, JSON.stringify(files)]);
  return { project, version: '1.0', platform: 'manylinux_2_27_x86_64', sha256: await sha256File(file) };
}

/** An environment in which pip sees the wheels of `folder` but no network. */
export function offlinePip(folder: string): NodeJS.ProcessEnv {
  return { ...process.env, PIP_NO_INDEX: '1', PIP_FIND_LINKS: folder };
}
