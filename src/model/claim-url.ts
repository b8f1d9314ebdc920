/**
 * What stands on a label for whoever claims the unit: the lot's label URL, `/c/`, the endpoint key and,
 * as the fragment, which no browser sends and no log gets, the claim code. A secret as a whole.
 */
export function claimUrl(baseUrl: string, endpointKey: string, claimCode: string): string {
  return `${baseUrl.replace(/\/+$/, '')}/c/${endpointKey}#${claimCode}`;
}
