export interface PartitionId {
  readonly dataType: string;
  readonly tenantId: string;
  readonly month: string;
}

/** The partition as the columns that every state table names it by. */
export function partitionColumns(partition: PartitionId): { data_type: string; tenant_id: string; month: string } {
  return { data_type: partition.dataType, tenant_id: partition.tenantId, month: partition.month };
}
