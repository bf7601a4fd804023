#!/bin/bash

# Complete migration workflow
TENANT_ID="tenant-123"
START_DATE="2024-01-01"

echo "Starting Elasticsearch migration for $TENANT_ID"

# 1. Dry run
echo "Performing dry run..."
app elasticsearch migrate --tenant-id $TENANT_ID --start-date $START_DATE --dry-run

# 2. Migrate data
echo "Migrating data..."
app elasticsearch migrate --tenant-id $TENANT_ID --start-date $START_DATE --batch-size 1000

# 3. Validate
echo "Validating migration..."
app elasticsearch validate --tenant-id $TENANT_ID --sample-size 500

# 4. Check status
echo "Checking status..."
app elasticsearch status --tenant-id $TENANT_ID

echo "Migration completed for $TENANT_ID"
