BEGIN TRANSACTION;
CREATE TABLE access_keys (
	access_key_id VARCHAR(128) NOT NULL, 
	secret_access_key VARCHAR(128) NOT NULL, 
	session_token VARCHAR(2048), 
	domain VARCHAR(63) NOT NULL, 
	user_profile VARCHAR(63) NOT NULL, 
	role_arn VARCHAR(2048) NOT NULL, 
	purpose VARCHAR(256) NOT NULL, 
	created FLOAT NOT NULL, 
	expires FLOAT, 
	PRIMARY KEY (access_key_id)
);
INSERT INTO "access_keys" VALUES('AKIAEXAMPLED8F3410C58B19F4B','a secret',NULL,'default','default','arn:aws:iam::000000000000:role/StudioExecutionRole','default user profile',1.79525014139229178427e+09,NULL);
INSERT INTO "access_keys" VALUES('ASIAEXAMPLE821AFCB17F4DEFC9','a secret','a token','default','default','arn:aws:iam::000000000000:role/StudioExecutionRole','job training-2',1.79525014141825056072e+09,2.79525014141825056072e+09);
CREATE TABLE buckets (
	name VARCHAR(63) NOT NULL, 
	account VARCHAR(12) NOT NULL, 
	owner VARCHAR(256) NOT NULL, 
	region VARCHAR(32) NOT NULL, 
	created FLOAT NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "buckets" VALUES('data','000000000000','default/default','us-east-1',1.79525014142185521124e+09);
INSERT INTO "buckets" VALUES('empty','000000000000','default/default','us-east-1',1.7952501414223556519e+09);
CREATE TABLE events (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	at FLOAT NOT NULL, 
	resource_id INTEGER NOT NULL, 
	kind VARCHAR(64) NOT NULL, 
	domain VARCHAR(63) NOT NULL, 
	name VARCHAR(256) NOT NULL, 
	change VARCHAR(16) NOT NULL, 
	status VARCHAR(64), 
	actor VARCHAR(128) NOT NULL
);
INSERT INTO "events" VALUES(1,1.7952501414091398716e+09,1,'training-job','default','first','created','Completed','default');
INSERT INTO "events" VALUES(2,1.7952501414104423523e+09,2,'training-job','default','second','created','InProgress','default');
INSERT INTO "events" VALUES(3,1.79525014141202974324e+09,3,'endpoint','default','served','created','InService','default');
INSERT INTO "events" VALUES(4,1.79525014141268229482e+09,4,'training-job','default','deleted','created','Failed','default');
INSERT INTO "events" VALUES(5,1.79525014141361284256e+09,4,'training-job','default','deleted','deleted','Failed','default');
INSERT INTO "events" VALUES(6,1.79525014141438221931e+09,2,'training-job','default','second','updated','InProgress','controller');
CREATE TABLE metric_points (
	series_id INTEGER NOT NULL, 
	position BIGINT NOT NULL, 
	timestamp FLOAT NOT NULL, 
	step BIGINT, 
	value FLOAT NOT NULL, 
	PRIMARY KEY (series_id, position), 
	FOREIGN KEY(series_id) REFERENCES metric_series (id) ON DELETE CASCADE
);
INSERT INTO "metric_points" VALUES(1,0,1.5,0,1.0);
INSERT INTO "metric_points" VALUES(1,1,1.5,1,0.5);
INSERT INTO "metric_points" VALUES(1,2,1.5,2,3.33333333333333314829e-01);
INSERT INTO "metric_points" VALUES(1,3,1.5,3,0.25);
INSERT INTO "metric_points" VALUES(1,4,1.5,4,0.2);
CREATE TABLE metric_samples (
	id INTEGER NOT NULL, 
	series_id INTEGER NOT NULL, 
	timestamp FLOAT NOT NULL, 
	count FLOAT NOT NULL, 
	total FLOAT NOT NULL, 
	minimum FLOAT NOT NULL, 
	maximum FLOAT NOT NULL, 
	unit VARCHAR(32) NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(series_id) REFERENCES metric_series (id) ON DELETE CASCADE
);
INSERT INTO "metric_samples" VALUES(1,2,1.5,2.0,6.0,1.0,5.0,'Seconds');
CREATE TABLE metric_series (
	id INTEGER NOT NULL, 
	resource VARCHAR(320) NOT NULL, 
	name VARCHAR(256) NOT NULL, 
	dimension VARCHAR(1024) NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (resource, name, dimension)
);
INSERT INTO "metric_series" VALUES(1,'training-job/first','loss','');
INSERT INTO "metric_series" VALUES(2,'custom/space','custom','a=b');
CREATE TABLE objects (
	bucket VARCHAR(63) NOT NULL, 
	"key" VARCHAR(1024) NOT NULL, 
	data VARCHAR(32) NOT NULL, 
	size BIGINT NOT NULL, 
	etag VARCHAR(64) NOT NULL, 
	modified FLOAT NOT NULL, 
	owner VARCHAR(256) NOT NULL, 
	storage_class VARCHAR(32) NOT NULL, 
	content_type VARCHAR(1024) NOT NULL, 
	headers JSON NOT NULL, 
	user_metadata JSON NOT NULL, 
	tags JSON NOT NULL, 
	checksum_type VARCHAR(16), 
	checksums JSON NOT NULL, 
	upload VARCHAR(64), 
	parts JSON, 
	PRIMARY KEY (bucket, "key"), 
	FOREIGN KEY(bucket) REFERENCES buckets (name), 
	UNIQUE (data)
);
INSERT INTO "objects" VALUES('data','B','26bb41dff95d4bd9a2203e4760ee2ee4',1,'9d5ed678fe57bcca610140957afab571',1.79525014142480039596e+09,'','STANDARD','text/csv','{}','{"by": "a"}','{"k": "v"}',NULL,'{}',NULL,'null');
INSERT INTO "objects" VALUES('data','a','e06128ee202b4d9bb75602abe6423208',1,'0cc175b9c0f1b6a831c399e269772661',1.7952501414273862838e+09,'','STANDARD','text/csv','{}','{"by": "a"}','{"k": "v"}',NULL,'{}',NULL,'null');
INSERT INTO "objects" VALUES('data','a/b','afa99c3cea6a486eb8ee92354f36e802',3,'a7e86136543b019d72468ceebf71fb8e',1.79525014142874789237e+09,'','STANDARD','text/csv','{}','{"by": "a"}','{"k": "v"}',NULL,'{}',NULL,'null');
INSERT INTO "objects" VALUES('data','ä','eee4f2d9b1dc4fa8810c52f4dd6a21d7',2,'8419b71c87a225a2c70b50486fbee545',1.79525014143009901046e+09,'','STANDARD','text/csv','{}','{"by": "a"}','{"k": "v"}',NULL,'{}',NULL,'null');
INSERT INTO "objects" VALUES('data','😀','2da79a0fc1fc41e9bee2d00b2b28c978',4,'2a02eac39d716a70ecf37579185927b6',1.79525014143142271037e+09,'','STANDARD','text/csv','{}','{"by": "a"}','{"k": "v"}',NULL,'{}',NULL,'null');
INSERT INTO "objects" VALUES('data','parts','22409560fc0c4531b107fa7dbf166645',100,'bccb8986cc6b395e4f045d410c776698-1',1.79525014143834137914e+09,'','STANDARD','binary/octet-stream','{}','{}','{}','COMPOSITE','{"CRC32": "cho3Lw==-1"}','18ea027df300e66b3e5125e4b7fe362cffe92fc0','[[1, 100, {"CRC32": "Xg5djw=="}]]');
CREATE TABLE parts (
	upload_id VARCHAR(64) NOT NULL, 
	number INTEGER NOT NULL, 
	data VARCHAR(32) NOT NULL, 
	size BIGINT NOT NULL, 
	etag VARCHAR(64) NOT NULL, 
	modified FLOAT NOT NULL, 
	checksums JSON NOT NULL, 
	PRIMARY KEY (upload_id, number), 
	FOREIGN KEY(upload_id) REFERENCES uploads (id) ON DELETE CASCADE, 
	UNIQUE (data)
);
INSERT INTO "parts" VALUES('18ea027df30e0e46a317ab4f5b8b69c7404aaeba',1,'5ee23d68b5554a3fb3639f4d5f3a4f98',100,'aed563ecafb4bcc5654c597a421547b2',1.79525014143961119655e+09,'{}');
CREATE TABLE resources (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	kind VARCHAR(64) NOT NULL, 
	domain VARCHAR(63) NOT NULL, 
	name VARCHAR(256) NOT NULL, 
	version INTEGER NOT NULL, 
	arn VARCHAR(2048) NOT NULL, 
	owner VARCHAR(63) NOT NULL, 
	status VARCHAR(64), 
	spec JSON NOT NULL, 
	state JSON NOT NULL, 
	generation INTEGER NOT NULL, 
	parent_id INTEGER, 
	created FLOAT NOT NULL, 
	modified FLOAT NOT NULL, 
	wake_at FLOAT, 
	lease_holder VARCHAR(64), 
	lease_until FLOAT, 
	FOREIGN KEY(parent_id) REFERENCES resources (id) ON DELETE SET NULL
);
INSERT INTO "resources" VALUES(1,'training-job','default','first',0,'arn:aws:sagemaker:us-east-1:000000000000:training-job/first','default','Completed','{"TrainingJobName": "first", "HyperParameters": {"gr\u00f6\u00dfe": "1"}}','{"secondary": "Completed", "transitions": []}',1,NULL,1.79525014139375472068e+09,1.79525014139375472068e+09,NULL,NULL,NULL);
INSERT INTO "resources" VALUES(2,'training-job','default','second',0,'arn:aws:sagemaker:us-east-1:000000000000:training-job/second','default','InProgress','{"TrainingJobName": "second", "HyperParameters": {"gr\u00f6\u00dfe": "1"}}','{"secondary": "Training", "transitions": []}',1,NULL,1.79525014140984463684e+09,1.79525014141437673563e+09,1.7952502014149637222e+09,'host:1:1.0',1.7952502014149637222e+09);
INSERT INTO "resources" VALUES(3,'endpoint','default','served',0,'arn:aws:sagemaker:us-east-1:000000000000:endpoint/served','default','InService','{}','{}',1,2,1.79525014141156387327e+09,1.79525014141156387327e+09,NULL,NULL,NULL);
CREATE TABLE routes (
	domain VARCHAR(63) NOT NULL, 
	endpoint VARCHAR(63) NOT NULL, 
	document JSON, 
	version INTEGER NOT NULL, 
	PRIMARY KEY (domain, endpoint)
);
INSERT INTO "routes" VALUES('default','served','{"domain": "default", "endpoint": "served", "variants": []}',1);
INSERT INTO "routes" VALUES('default','gone',NULL,3);
CREATE TABLE tags (
	resource_id INTEGER NOT NULL, 
	"key" VARCHAR(128) NOT NULL, 
	value VARCHAR(256) NOT NULL, 
	PRIMARY KEY (resource_id, "key"), 
	FOREIGN KEY(resource_id) REFERENCES resources (id) ON DELETE CASCADE
);
INSERT INTO "tags" VALUES(1,'team','a');
INSERT INTO "tags" VALUES(1,'Ärger','π');
INSERT INTO "tags" VALUES(2,'team','a');
INSERT INTO "tags" VALUES(2,'Ärger','π');
CREATE TABLE uploads (
	id VARCHAR(64) NOT NULL, 
	bucket VARCHAR(63) NOT NULL, 
	"key" VARCHAR(1024) NOT NULL, 
	initiated FLOAT NOT NULL, 
	owner VARCHAR(256) NOT NULL, 
	storage_class VARCHAR(32) NOT NULL, 
	content_type VARCHAR(1024) NOT NULL, 
	headers JSON NOT NULL, 
	user_metadata JSON NOT NULL, 
	tags JSON NOT NULL, 
	checksum_type VARCHAR(16), 
	checksum_algorithm VARCHAR(16), 
	PRIMARY KEY (id), 
	FOREIGN KEY(bucket) REFERENCES buckets (name)
);
INSERT INTO "uploads" VALUES('18ea027df30e0e46a317ab4f5b8b69c7404aaeba','data','unfinished',1.79525014143252205842e+09,'','STANDARD','binary/octet-stream','{}','{}','{}',NULL,NULL);
CREATE INDEX ix_access_keys_purpose ON access_keys (purpose);
CREATE INDEX resources_arn ON resources (arn);
CREATE INDEX resources_by_created ON resources (kind, domain, created, id);
CREATE INDEX resources_leased ON resources (lease_holder);
CREATE UNIQUE INDEX resources_identity ON resources (kind, domain, name, version);
CREATE INDEX resources_by_status ON resources (kind, domain, status, created, id);
CREATE INDEX resources_due ON resources (wake_at);
CREATE INDEX ix_events_resource_id ON events (resource_id);
CREATE INDEX ix_routes_version ON routes (version);
CREATE INDEX metric_points_by_time ON metric_points (series_id, timestamp);
CREATE INDEX metric_samples_by_time ON metric_samples (series_id, timestamp);
CREATE INDEX uploads_by_key ON uploads (bucket, "key", id);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('resources',4);
INSERT INTO "sqlite_sequence" VALUES('events',6);
COMMIT;
