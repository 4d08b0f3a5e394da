/** An IAM policy document, in the subset that the lab writes. */
export interface S3Policy {
  Version: "2012-10-17";
  Statement: { Effect: "Allow"; Action: string[]; Resource: string[] }[];
}

/** The users of the S3 servers of one vendor. */
export interface S3Users {
  /** Makes a user, or gives an existing one this secret and policy. */
  put(vendor: "spaces" | "r2", user: { accessKey: string; secretKey: string; policy: S3Policy }): Promise<void>;
  remove(vendor: "spaces" | "r2", accessKey: string): Promise<void>;
}

/** What a key with full access may do. */
export const everything: S3Policy = {
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Action: ["s3:*"], Resource: ["arn:aws:s3:::*"] }],
};

const listing = ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketVersions", "s3:ListBucketMultipartUploads"];
const reading = ["s3:GetObject", "s3:GetObjectVersion", "s3:ListMultipartUploadParts"];
// Deleting is part of writing with both vendors: neither has an append-only key.
const writing = ["s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion", "s3:AbortMultipartUpload"];

/** What a scoped key may do: objects only, nothing about a bucket's own settings (so reading its lifecycle is refused). */
export function bucketPolicy(grants: { bucket: string; write: boolean }[]): S3Policy {
  return {
    Version: "2012-10-17",
    Statement: grants.flatMap(({ bucket, write }) => [
      { Effect: "Allow" as const, Action: listing, Resource: [`arn:aws:s3:::${bucket}`] },
      {
        Effect: "Allow" as const,
        Action: write ? [...reading, ...writing] : reading,
        Resource: [`arn:aws:s3:::${bucket}/*`],
      },
    ]),
  };
}
