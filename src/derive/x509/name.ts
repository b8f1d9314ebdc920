import { utf8 } from '../../kernel/bytes.ts';
import { KeylineError } from '../../kernel/errors.ts';
import { der, oid, sequence, TAG } from './der.ts';

/** RFC 5280 appendix A.1: ub-common-name and ub-organizational-unit-name, in characters. */
const NAME_LIMIT = 64;

const COMMON_NAME = oid('2.5.4.3');
const ORGANIZATIONAL_UNIT = oid('2.5.4.11');

/** What a distinguished name made here says. */
export interface NameParts {
  readonly organizationalUnit?: string;
  readonly commonName: string;
}

/** Name DER, RFC 5280 section 4.1.2.4, in UTF8String. Throws `certificate-invalid` for an empty or too long part. */
export function distinguishedName(parts: NameParts): Uint8Array {
  const { organizationalUnit, commonName } = parts;
  const unit =
    organizationalUnit === undefined ? [] : [attribute(ORGANIZATIONAL_UNIT, organizationalUnit)];
  return sequence(...unit, attribute(COMMON_NAME, commonName));
}

function attribute(type: Uint8Array, text: string): Uint8Array {
  if (text === '' || [...text].length > NAME_LIMIT) {
    throw new KeylineError('certificate-invalid', {
      message: `a certificate's name has ${[...text].length} characters`,
      hint: `A name in a certificate has 1 to ${NAME_LIMIT} characters (RFC 5280); where a serial is longer, make the lot with the endpoint key as its certificates' subject.`,
    });
  }
  return der(TAG.set, sequence(type, der(TAG.utf8String, utf8(text))));
}
