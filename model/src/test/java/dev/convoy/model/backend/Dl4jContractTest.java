package dev.convoy.model.backend;

class Dl4jContractTest extends ComputeBackendContract {
    Dl4jContractTest() {
        super("dl4j");
    }
}
