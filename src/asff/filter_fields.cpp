#include "asff/detail/filter_fields.h"

#include <algorithm>

namespace tocsin::asff::detail {
namespace {

using enum FilterKind;

// Source: Security Hub API reference, AwsSecurityFindingFilters.
constexpr FilterField fields[] = {
    {"AwsAccountId", string, "AwsAccountId"},
    {"AwsAccountName", string, "AwsAccountName"},
    {"CompanyName", string, "CompanyName"},
    {"ComplianceAssociatedStandardsId", string, "Compliance.AssociatedStandards[].StandardsId"},
    {"ComplianceSecurityControlId", string, "Compliance.SecurityControlId"},
    {"ComplianceSecurityControlParametersName", string, "Compliance.SecurityControlParameters[].Name"},
    {"ComplianceSecurityControlParametersValue", string, "Compliance.SecurityControlParameters[].Value[]"},
    {"ComplianceStatus", string, "Compliance.Status"},
    {"Confidence", number, "Confidence"},
    {"CreatedAt", date, "CreatedAt"},
    {"Criticality", number, "Criticality"},
    {"Description", string, "Description"},
    {"FindingProviderFieldsConfidence", number, "FindingProviderFields.Confidence"},
    {"FindingProviderFieldsCriticality", number, "FindingProviderFields.Criticality"},
    {"FindingProviderFieldsRelatedFindingsId", string, "FindingProviderFields.RelatedFindings[].Id"},
    {"FindingProviderFieldsRelatedFindingsProductArn", string, "FindingProviderFields.RelatedFindings[].ProductArn"},
    {"FindingProviderFieldsSeverityLabel", string, "FindingProviderFields.Severity.Label"},
    {"FindingProviderFieldsSeverityOriginal", string, "FindingProviderFields.Severity.Original"},
    {"FindingProviderFieldsTypes", string, "FindingProviderFields.Types[]"},
    {"FirstObservedAt", date, "FirstObservedAt"},
    {"GeneratorId", string, "GeneratorId"},
    {"Id", string, "Id"},
    {"Keyword", keyword, ""},
    {"LastObservedAt", date, "LastObservedAt"},
    {"MalwareName", string, "Malware[].Name"},
    {"MalwarePath", string, "Malware[].Path"},
    {"MalwareState", string, "Malware[].State"},
    {"MalwareType", string, "Malware[].Type"},
    {"NetworkDestinationDomain", string, "Network.DestinationDomain"},
    {"NetworkDestinationIpV4", ip, "Network.DestinationIpV4"},
    {"NetworkDestinationIpV6", ip, "Network.DestinationIpV6"},
    {"NetworkDestinationPort", number, "Network.DestinationPort"},
    {"NetworkDirection", string, "Network.Direction"},
    {"NetworkProtocol", string, "Network.Protocol"},
    {"NetworkSourceDomain", string, "Network.SourceDomain"},
    {"NetworkSourceIpV4", ip, "Network.SourceIpV4"},
    {"NetworkSourceIpV6", ip, "Network.SourceIpV6"},
    {"NetworkSourceMac", string, "Network.SourceMac"},
    {"NetworkSourcePort", number, "Network.SourcePort"},
    {"NoteText", string, "Note.Text"},
    {"NoteUpdatedAt", date, "Note.UpdatedAt"},
    {"NoteUpdatedBy", string, "Note.UpdatedBy"},
    {"ProcessLaunchedAt", date, "Process.LaunchedAt"},
    {"ProcessName", string, "Process.Name"},
    {"ProcessParentPid", number, "Process.ParentPid"},
    {"ProcessPath", string, "Process.Path"},
    {"ProcessPid", number, "Process.Pid"},
    {"ProcessTerminatedAt", date, "Process.TerminatedAt"},
    {"ProductArn", string, "ProductArn"},
    {"ProductFields", map, "ProductFields"},
    {"ProductName", string, "ProductName"},
    {"RecommendationText", string, "Remediation.Recommendation.Text"},
    {"RecordState", string, "RecordState"},
    {"Region", string, "Region"},
    {"RelatedFindingsId", string, "RelatedFindings[].Id"},
    {"RelatedFindingsProductArn", string, "RelatedFindings[].ProductArn"},
    {"ResourceApplicationArn", string, "Resources[].ApplicationArn"},
    {"ResourceApplicationName", string, "Resources[].ApplicationName"},
    {"ResourceAwsEc2InstanceIamInstanceProfileArn", string, "Resources[].Details.AwsEc2Instance.IamInstanceProfileArn"},
    {"ResourceAwsEc2InstanceImageId", string, "Resources[].Details.AwsEc2Instance.ImageId"},
    {"ResourceAwsEc2InstanceIpV4Addresses", ip, "Resources[].Details.AwsEc2Instance.IpV4Addresses[]"},
    {"ResourceAwsEc2InstanceIpV6Addresses", ip, "Resources[].Details.AwsEc2Instance.IpV6Addresses[]"},
    {"ResourceAwsEc2InstanceKeyName", string, "Resources[].Details.AwsEc2Instance.KeyName"},
    {"ResourceAwsEc2InstanceLaunchedAt", date, "Resources[].Details.AwsEc2Instance.LaunchedAt"},
    {"ResourceAwsEc2InstanceSubnetId", string, "Resources[].Details.AwsEc2Instance.SubnetId"},
    {"ResourceAwsEc2InstanceType", string, "Resources[].Details.AwsEc2Instance.Type"},
    {"ResourceAwsEc2InstanceVpcId", string, "Resources[].Details.AwsEc2Instance.VpcId"},
    {"ResourceAwsIamAccessKeyCreatedAt", date, "Resources[].Details.AwsIamAccessKey.CreatedAt"},
    {"ResourceAwsIamAccessKeyPrincipalName", string, "Resources[].Details.AwsIamAccessKey.PrincipalName"},
    {"ResourceAwsIamAccessKeyStatus", string, "Resources[].Details.AwsIamAccessKey.Status"},
    {"ResourceAwsIamAccessKeyUserName", string, "Resources[].Details.AwsIamAccessKey.UserName"},
    {"ResourceAwsIamUserUserName", string, "Resources[].Details.AwsIamUser.UserName"},
    {"ResourceAwsS3BucketOwnerId", string, "Resources[].Details.AwsS3Bucket.OwnerId"},
    {"ResourceAwsS3BucketOwnerName", string, "Resources[].Details.AwsS3Bucket.OwnerName"},
    {"ResourceContainerImageId", string, "Resources[].Details.Container.ImageId"},
    {"ResourceContainerImageName", string, "Resources[].Details.Container.ImageName"},
    {"ResourceContainerLaunchedAt", date, "Resources[].Details.Container.LaunchedAt"},
    {"ResourceContainerName", string, "Resources[].Details.Container.Name"},
    {"ResourceDetailsOther", map, "Resources[].Details.Other"},
    {"ResourceId", string, "Resources[].Id"},
    {"ResourceOwnerAccountId", string, "Resources[].Owner.Account.Id"},
    {"ResourceOwnerOrgId", string, "Resources[].Owner.Org.Id"},
    {"ResourcePartition", string, "Resources[].Partition"},
    {"ResourceProvider", string, "Resources[].Provider"},
    {"ResourceRegion", string, "Resources[].Region"},
    {"ResourceTags", map, "Resources[].Tags"},
    {"ResourceType", string, "Resources[].Type"},
    {"Sample", boolean, "Sample"},
    {"SeverityLabel", string, "Severity.Label"},
    {"SeverityNormalized", number, "Severity.Normalized"},
    {"SeverityProduct", number, "Severity.Product"},
    {"SourceUrl", string, "SourceUrl"},
    {"ThreatIntelIndicatorCategory", string, "ThreatIntelIndicators[].Category"},
    {"ThreatIntelIndicatorLastObservedAt", date, "ThreatIntelIndicators[].LastObservedAt"},
    {"ThreatIntelIndicatorSource", string, "ThreatIntelIndicators[].Source"},
    {"ThreatIntelIndicatorSourceUrl", string, "ThreatIntelIndicators[].SourceUrl"},
    {"ThreatIntelIndicatorType", string, "ThreatIntelIndicators[].Type"},
    {"ThreatIntelIndicatorValue", string, "ThreatIntelIndicators[].Value"},
    {"Title", string, "Title"},
    {"Type", string, "Types[]"},
    {"UpdatedAt", date, "UpdatedAt"},
    {"UserDefinedFields", map, "UserDefinedFields"},
    {"VerificationState", string, "VerificationState"},
    {"VulnerabilitiesExploitAvailable", string, "Vulnerabilities[].ExploitAvailable"},
    {"VulnerabilitiesFixAvailable", string, "Vulnerabilities[].FixAvailable"},
    {"WorkflowState", string, "WorkflowState"},
    {"WorkflowStatus", string, "Workflow.Status"},
};
static_assert(std::ranges::is_sorted(fields, {}, &FilterField::name));

bool any_below(const json::value& value, std::string_view path, const std::function<bool(const json::value&)>& visit) {
  if (path.starts_with("[]")) {
    const auto* list = value.if_array();
    path.remove_prefix(2);
    return list &&
           std::ranges::any_of(*list, [&](const json::value& element) { return any_below(element, path, visit); });
  }
  if (path.starts_with('.')) path.remove_prefix(1);
  if (path.empty()) return visit(value);
  const auto* object = value.if_object();
  return object && any_at(*object, path, visit);
}

}  // namespace

std::span<const FilterField> filter_fields() {
  return fields;
}

const FilterField* filter_field(std::string_view name) {
  const auto* field = std::ranges::lower_bound(fields, name, {}, &FilterField::name);
  return field != std::end(fields) && field->name == name ? field : nullptr;
}

bool any_at(const json::object& finding, std::string_view path, const std::function<bool(const json::value&)>& visit) {
  const auto end = std::min(path.find_first_of(".["), path.size());
  const auto* member = finding.if_contains(path.substr(0, end));
  return member && any_below(*member, path.substr(end), visit);
}

}  // namespace tocsin::asff::detail
