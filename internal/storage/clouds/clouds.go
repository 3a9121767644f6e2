// Package clouds gives storage the services that files may be kept in beside a
// folder: S3 and what speaks it, Google Cloud Storage and Azure Blob Storage. It
// is a package of its own, imported by the command alone, because their clients
// are larger than all the rest of chatd.
package clouds

import (
	_ "gocloud.dev/blob/azureblob" // azblob://container
	_ "gocloud.dev/blob/gcsblob"   // gs://bucket
	_ "gocloud.dev/blob/s3blob"    // s3://bucket
)
