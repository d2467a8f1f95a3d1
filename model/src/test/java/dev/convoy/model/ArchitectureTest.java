package dev.convoy.model;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

@AnalyzeClasses(packages = "dev.convoy.model", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
    @ArchTest
    static final ArchRule NO_SPARK =
            noClasses().should().dependOnClassesThat().resideInAnyPackage("org.apache.spark..", "scala..");

    @ArchTest
    static final ArchRule ND4J_STAYS_IN_ITS_BACKEND = noClasses()
            .that()
            .resideOutsideOfPackage("dev.convoy.model.backend.dl4j..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("org.nd4j..", "org.deeplearning4j..");

    @ArchTest
    static final ArchRule LIBTORCH_STAYS_IN_ITS_BACKEND = noClasses()
            .that()
            .resideOutsideOfPackage("dev.convoy.model.backend.torch..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("org.bytedeco.pytorch..");

    @ArchTest
    static final ArchRule THE_MODEL_KNOWS_NO_BACKEND = noClasses()
            .that()
            .resideInAPackage("dev.convoy.model..")
            .and()
            .resideOutsideOfPackage("dev.convoy.model.backend..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("dev.convoy.model.backend..");

    @ArchTest
    static final ArchRule BACKENDS_ARE_FOUND_NOT_NAMED = noClasses()
            .that()
            .resideOutsideOfPackages("dev.convoy.model.backend.dl4j..", "dev.convoy.model.backend.torch..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("dev.convoy.model.backend.dl4j..", "dev.convoy.model.backend.torch..");

    @ArchTest
    static final ArchRule NETWORKS_KNOW_NEITHER_THEIR_NAMES_NOR_FILES = noClasses()
            .that()
            .resideInAnyPackage("dev.convoy.model", "dev.convoy.model.layer..", "dev.convoy.model.optimizer..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("dev.convoy.model.zoo..", "dev.convoy.model.file..");

    @ArchTest
    static final ArchRule SPECIFICATIONS_KNOW_NO_JSON = noClasses()
            .that()
            .resideInAnyPackage("dev.convoy.model.layer..", "dev.convoy.model.optimizer..", "dev.convoy.model.zoo..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("com.fasterxml..");

    @ArchTest
    static final ArchRule NO_CYCLES =
            slices().matching("dev.convoy.(**)").should().beFreeOfCycles();
}
