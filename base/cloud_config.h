// Who asks the services of a cloud provider for something.
#pragma once

#include <string>

#include "base/secret.h"

namespace sluice {

// What is empty here comes from where AWS's own tools look for it (base/aws_credentials.h).
struct AwsConfig {
  std::string region = {};
  std::string access_key = {};  // with its secret key, or neither
  Secret secret_key = {};
  std::string profile = {};      // of the files ~/.aws/config and ~/.aws/credentials
  std::string role_arn = {};     // a role to assume with what was found
  std::string external_id = {};  // what its owner wants to be told, or nothing
  bool use_fips_sts_endpoint = false;
  std::string service = {};  // that requests are signed for: "aps"; not for a search
};

// How the services of Azure are told who asks.
enum class AzureMethod {
  kManagedIdentity,   // by the machine; client_id for one that is not its own
  kWorkloadIdentity,  // client_id, tenant_id, and a token that somebody else signed, in token_file
  kClientSecret,      // client_id, tenant_id, client_secret
  kCertificate,       // client_id, tenant_id, certificate_file
  kEnvironment,       // what the variables AZURE_* have for one of these, else the machine
};

// Tokens of Microsoft Entra ID for one scope.
struct AzureConfig {
  AzureMethod method = AzureMethod::kEnvironment;
  std::string authority = "https://login.microsoftonline.com";  // of the cloud
  std::string scope = {};  // "https://management.azure.com/.default"
  std::string tenant_id = {};
  std::string client_id = {};
  Secret client_secret = {};
  std::string token_file = {};
  std::string certificate_file = {};  // PEM or PKCS #12, with the private key in it
  Secret certificate_password = {};   // of PKCS #12
  bool send_certificate_chain = false;
};

// Tokens of Google Cloud for one scope. Without a file: that of GOOGLE_APPLICATION_CREDENTIALS,
// that of gcloud, the service account of the machine.
struct GoogleConfig {
  std::string credentials_file = {};  // of a service account or a user, JSON
  std::string scope = {};             // "https://www.googleapis.com/auth/compute.readonly"
};

}  // namespace sluice
