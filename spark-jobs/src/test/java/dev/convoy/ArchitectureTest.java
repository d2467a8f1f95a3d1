package dev.convoy;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.type;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.codeUnits;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.core.importer.Location;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import dev.convoy.model.Json;

@AnalyzeClasses(
        packages = "dev.convoy",
        importOptions = {ImportOption.DoNotIncludeTests.class, ArchitectureTest.NoTestJars.class})
class ArchitectureTest {
    /** Leaves out what other modules' tests share. */
    static final class NoTestJars implements ImportOption {
        @Override
        public boolean includes(Location location) {
            return !location.contains("-tests.jar");
        }
    }

    private static final DescribedPredicate<JavaClass> OF_THE_API = type(void.class)
            .or(resideInAnyPackage("dev.convoy.api..", "java.lang..", "java.util..", "org.apache.spark.."));

    @ArchTest
    static final ArchRule ENGINES_STAY_IN_THEIR_BACKENDS = noClasses()
            .that()
            .resideOutsideOfPackages(
                    "dev.convoy.model.backend.dl4j..",
                    "dev.convoy.model.backend.torch..",
                    "dev.convoy.collective..",
                    "dev.convoy.train.dl4j..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("org.nd4j..", "org.deeplearning4j..", "org.bytedeco.pytorch..");

    @ArchTest
    static final ArchRule SPARK_STAYS_OUT_OF_DATA_AND_MODEL = noClasses()
            .that()
            .resideInAnyPackage("dev.convoy.data..", "dev.convoy.model..")
            .and()
            .resideOutsideOfPackage("dev.convoy.data.rdd..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("org.apache.spark..", "scala..");

    @ArchTest
    static final ArchRule TRAINING_KNOWS_NO_CONFIGURATION = noClasses()
            .that()
            .resideInAnyPackage("dev.convoy.train..", "dev.convoy.collective..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("dev.convoy.config..", "dev.convoy.jobs..", "dev.convoy.cli..", "com.typesafe..");

    @ArchTest
    static final ArchRule CHECKPOINTS_KNOW_NEITHER_KEYS_NOR_WHO_TRAINS = noClasses()
            .that()
            .resideInAPackage("dev.convoy.checkpoint..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                    "dev.convoy.config..",
                    "dev.convoy.jobs..",
                    "dev.convoy.train.rounds..",
                    "dev.convoy.train.allreduce..",
                    "dev.convoy.train.dl4j..",
                    "org.apache.spark..");

    @ArchTest
    static final ArchRule GATE_AND_DRIFT_ARE_PURE = noClasses()
            .that()
            .resideInAnyPackage("dev.convoy.gate..", "dev.convoy.drift..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                    "dev.convoy.config..",
                    "dev.convoy.jobs..",
                    "dev.convoy.cli..",
                    "dev.convoy.train..",
                    "dev.convoy.checkpoint..",
                    "dev.convoy.model..",
                    "dev.convoy.storage..",
                    "com.typesafe..",
                    "org.apache.spark..",
                    "org.apache.hadoop..",
                    "scala..",
                    "java.nio..");

    @ArchTest
    static final ArchRule THE_REGISTRY_KNOWS_NEITHER_SPARK_NOR_WHO_TRAINS = noClasses()
            .that()
            .resideInAPackage("dev.convoy.registry..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                    "dev.convoy.config..",
                    "dev.convoy.jobs..",
                    "dev.convoy.cli..",
                    "dev.convoy.train..",
                    "dev.convoy.checkpoint..",
                    "org.apache.spark..",
                    "com.typesafe..");

    /** What people program against changes only when it means to. */
    @ArchTest
    static final ArchRule THE_API_SPEAKS_OF_ITSELF_AND_SPARK_ALONE = codeUnits()
            .that()
            .arePublic()
            .and()
            .areDeclaredInClassesThat()
            .resideInAPackage("dev.convoy.api..")
            .should()
            .haveRawReturnType(OF_THE_API)
            .andShould()
            .haveRawParameterTypes(DescribedPredicate.allElements(OF_THE_API));

    /** What a night decides by are records of what it was told. */
    @ArchTest
    static final ArchRule NIGHTS_ARE_RECORDED_WITHOUT_WHO_MAKES_THEM = noClasses()
            .that()
            .resideInAPackage("dev.convoy.retrain..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                    "dev.convoy.config..",
                    "dev.convoy.jobs..",
                    "dev.convoy.cli..",
                    "dev.convoy.train..",
                    "dev.convoy.registry..",
                    "org.apache.spark..",
                    "org.apache.hadoop..");

    @ArchTest
    static final ArchRule ONLY_THE_COMMAND_LINE_PRINTS = noClasses()
            .that()
            .resideOutsideOfPackage("dev.convoy.cli..")
            .should()
            .accessField(System.class, "out")
            .orShould()
            .accessField(System.class, "err");

    @ArchTest
    static final ArchRule THE_LOOP_KNOWS_NO_MASTER = noClasses()
            .that()
            .resideInAnyPackage(
                    "dev.convoy.train",
                    "dev.convoy.train.sync..",
                    "dev.convoy.train.worker..",
                    "dev.convoy.train.transport..",
                    "dev.convoy.train.replica..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("dev.convoy.train.rounds..", "dev.convoy.train.allreduce..", "dev.convoy.train.dl4j..");

    @ArchTest
    static final ArchRule MASTERS_KNOW_NO_OTHER = slices().matching("dev.convoy.train.(rounds|allreduce|dl4j)..")
            .should()
            .notDependOnEachOther();

    @ArchTest
    static final ArchRule COLLECTIVES_KNOW_NO_TRAINING = noClasses()
            .that()
            .resideInAPackage("dev.convoy.collective..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("dev.convoy.train..", "org.apache.spark..", "scala..");

    /** Reports are made of what runs have written, and of what the loop tells. */
    @ArchTest
    static final ArchRule REPORTS_KNOW_NEITHER_KEYS_NOR_SPARK = noClasses()
            .that()
            .resideInAPackage("dev.convoy.report..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                    "dev.convoy.config..",
                    "dev.convoy.jobs..",
                    "dev.convoy.cli..",
                    "dev.convoy.train.rounds..",
                    "dev.convoy.train.allreduce..",
                    "dev.convoy.train.dl4j..",
                    "org.apache.spark..",
                    "com.typesafe..");

    /** It tells of decisions; who makes them, and what of, it does not know. */
    @ArchTest
    static final ArchRule MLFLOW_KNOWS_FILES_AND_JSON_ALONE = classes()
            .that()
            .resideInAPackage("dev.convoy.mlflow..")
            .should()
            .onlyDependOnClassesThat(resideInAnyPackage(
                            "dev.convoy.mlflow..",
                            "dev.convoy.storage..",
                            "dev.convoy.data",
                            "java..",
                            "com.fasterxml.jackson..",
                            "org.apache.hadoop.fs..",
                            "org.slf4j..")
                    .or(type(Json.class)));

    @ArchTest
    static final ArchRule NO_CYCLES = slices().matching(
                    "dev.convoy.(train|checkpoint|gate|drift|retrain|drill|jobs|cli|config|collective|data|storage|mlflow|registry|report|api)..")
            .should()
            .beFreeOfCycles();
}
