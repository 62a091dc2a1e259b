#!/bin/sh
# Makes the CustomResourceDefinitions in this folder anew from their projects' types.
# Needs Go, Maven and Java 21 or newer (`JAVA` names another than that on the path).
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

go build -tags types -o "$work/controller-gen" sigs.k8s.io/controller-tools/cmd/controller-gen
for types in \
    github.com/kedacore/keda/v2/apis/keda/v1alpha1 \
    github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1 \
    sigs.k8s.io/gateway-api/apis/v1
do
    "$work/controller-gen" crd:maxDescLen=0 "paths=$types" "output:crd:dir=$work/crds"
done
for kind in \
    keda.sh_scaledobjects \
    monitoring.coreos.com_prometheusrules \
    monitoring.coreos.com_servicemonitors \
    gateway.networking.k8s.io_httproutes
do
    cp "$work/crds/$kind.yaml" .
done

# An API server asks this of whoever adds to a group of Kubernetes' own.
sed -i 's|^  annotations:|&\n    api-approved.kubernetes.io: unapproved, made of the types for tests|' \
    gateway.networking.k8s.io_httproutes.yaml

mvn --batch-mode --quiet dependency:copy-dependencies "-DoutputDirectory=$work/lib"
"${JAVA:-java}" -cp "$work/lib/*" io.strimzi.crdgenerator.CrdGenerator --yaml \
    "io.strimzi.api.kafka.model.topic.KafkaTopic=$PWD/kafka.strimzi.io_kafkatopics.yaml" \
    "io.strimzi.api.kafka.model.user.KafkaUser=$PWD/kafka.strimzi.io_kafkausers.yaml"
