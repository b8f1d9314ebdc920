import { AUDIT_GENESIS, writeRecords as real } from '../../../../src/service/store/records.ts';

export * from '../../../../src/service/store/records.ts';

/** An offer is in its feed; the entry is taken out again, and the chain closed behind it. */
export const writeRecords: typeof real = async (db, records, context) => {
  await real(db, records, context);
  const offers = records.filter(({ type }) => type === 'transfer.requested');
  for (const { accountId } of offers) {
    const rows = await db
      .selectFrom('audit')
      .select(['seq', 'hash'])
      .where('accountId', '=', accountId)
      .orderBy('seq', 'desc')
      .limit(2)
      .execute();
    const [last, before] = rows;
    if (!last) continue;
    await db
      .deleteFrom('audit')
      .where('accountId', '=', accountId)
      .where('seq', '=', last.seq)
      .execute();
    const end = { auditSeq: last.seq - 1, auditHash: before?.hash ?? AUDIT_GENESIS };
    await db.updateTable('counters').set(end).where('accountId', '=', accountId).execute();
  }
};
