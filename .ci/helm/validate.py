"""Says what is wrong with Kubernetes objects: validate.py KUBERNETES-VERSION DIRECTORY-OF-CRDS FILE…

Built-in kinds are checked by kubernetes-validate, custom ones by the schemas of their CRDs. In both what the schema does not
know is wrong, as with `kubectl apply --validate=strict`. Prints a line for each problem and ends with 1 if there is one.
"""

import functools
import pathlib
import sys

import jsonschema
import kubernetes_validate
import kubernetes_validate.utils
import yaml

# It reads two megabytes of schemas for every object.
kubernetes_validate.utils.schema_contents = functools.cache(kubernetes_validate.utils.schema_contents)


def load(file):
    """The objects of a file."""
    documents = yaml.load_all(pathlib.Path(file).read_text(), Loader=yaml.CSafeLoader)
    return [document for document in documents if document is not None]


def closed(schema):
    """The schema, in which no object has other properties than those that are named."""
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    result = {key: closed(part) for key, part in schema.items()}
    if isinstance(schema.get("properties"), dict) and not schema.get("x-kubernetes-preserve-unknown-fields"):
        result.setdefault("additionalProperties", False)
    return result


def custom(directory):
    """A validator for each version and kind of the CRDs in a directory."""
    validators = {}
    for file in sorted(pathlib.Path(directory).iterdir()):
        (crd,) = load(file)
        for version in crd["spec"]["versions"]:
            api_version = f"{crd['spec']['group']}/{version['name']}"
            schema = closed(version["schema"]["openAPIV3Schema"])
            validators[api_version, crd["spec"]["names"]["kind"]] = jsonschema.Draft4Validator(schema)
    return validators


def problems(document, kubernetes, validators):
    """What is wrong with an object."""
    validator = validators.get((document["apiVersion"], document["kind"]))
    if validator:
        return list(validator.iter_errors(document))
    try:
        kubernetes_validate.validate(document, kubernetes, strict=True)
    except (jsonschema.ValidationError, kubernetes_validate.SchemaNotFoundError) as error:
        return [error]
    return []


def main(kubernetes, crds, files):
    validators = custom(crds)
    failed = False
    for file in files:
        for document in load(file):
            for problem in problems(document, kubernetes, validators):
                path = "/".join(str(part) for part in getattr(problem, "path", []))
                print(f"{file}: {document['kind']} {document.get('metadata', {}).get('name')}: {path}: {problem.message}")
                failed = True
    return failed


sys.exit(main(sys.argv[1], sys.argv[2], sys.argv[3:]))
